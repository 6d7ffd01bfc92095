package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendTarget(t *testing.T) {
	keys := []Key{{Name: "chat", Value: "${CHAT}", Verbatim: true}, {Name: "topics", List: []string{"all", "tag/a, b", "tag/$x"}}, {Name: "mention", Value: "007"}}
	const lines = `desk:
    chat: ${CHAT}
    topics: [all, "tag/a, b", tag/$$x]
    mention: '007'
`
	for name, tt := range map[string]struct{ text, want string }{
		"no section": {"sources: { a: { jekyll: /a } } # here", "sources: { a: { jekyll: /a } } # here\n\ntargets:\n  " + lines},
		"last section, other layout": {
			"sources: { a: { jekyll: /a } }\ntargets:   # who gets what\n    old:   # the first\n        chat:   ${CHAT}\n\n\n# the end\n",
			"sources: { a: { jekyll: /a } }\ntargets:   # who gets what\n    old:   # the first\n        chat:   ${CHAT}\n    " +
				strings.ReplaceAll(lines, "\n    ", "\n      ") + "\n\n# the end\n",
		},
		"section in the middle": {
			"targets:\n  old: { chat: \"${CHAT}\" }\n  # a comment of the section\n\n# what sources are\nsources: { a: { jekyll: /a } }\n",
			"targets:\n  old: { chat: \"${CHAT}\" }\n  # a comment of the section\n  " + lines + "\n# what sources are\nsources: { a: { jekyll: /a } }\n",
		},
		"a text at the end of the section": {
			"targets:\n  old:\n    chat: ${CHAT}\n    where: |\n      len(text)\n\n      > 3\nsources: { a: { jekyll: /a } }\n",
			"targets:\n  old:\n    chat: ${CHAT}\n    where: |\n      len(text)\n\n      > 3\n  " + lines + "sources: { a: { jekyll: /a } }\n",
		},
		"an empty section": {"targets: {}\nsources: { a: { jekyll: /a } }\n", "targets:\n  " + lines + "sources: { a: { jekyll: /a } }\n"},
		"line ends of Windows": {
			"sources: { a: { jekyll: /a } }\r\n", "sources: { a: { jekyll: /a } }\r\n" + strings.ReplaceAll("\ntargets:\n  "+lines, "\n", "\r\n"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AppendTarget([]byte(tt.text), "desk", keys)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			c, err := Parse("f.yaml", got, fakeKinds(), testEnv)
			if err != nil {
				t.Fatal(err)
			}
			added := c.Targets[len(c.Targets)-1]
			if added.Name != "desk" || added.Config.(*chatConfig).Mention != "007" || len(added.Topics) != 3 || added.Topics[2].Name != "$x" {
				t.Errorf("%+v %+v", added, added.Config)
			}
		})
	}
	for name, text := range map[string]string{
		"a section on one line": "targets: { old: { chat: \"${CHAT}\" } }\n", "a file on one line": "{ sources: { a: { jekyll: /a } } }",
		"no YAML": "a: [", "a section that is none": "targets: [x]\n",
	} {
		if got, err := AppendTarget([]byte(text), "desk", keys); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
}
