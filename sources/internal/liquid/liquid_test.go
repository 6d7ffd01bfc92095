package liquid

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func render(in string, env *Env) (string, string) {
	out, warnings := Parse("", in).Render(context.Background(), env)
	var w []string
	for _, warning := range warnings {
		w = append(w, warning.String())
	}
	return out, strings.Join(w, "\n")
}

// TestLenient: Jekyll stops the build at each of these.
func TestLenient(t *testing.T) {
	env := &Env{
		Vars: map[string]any{"page": NewMap(0), "n": int64(5), "s": "text", "list": []any{int64(1), "a", nil}},
		Include: func(name string, relative bool) (*Template, error) {
			switch name {
			case "bad.html":
				return Parse("_includes/bad.html", "a\n{% gist 1 %}{{ 'x' | shout }}"), nil
			case "loop.html":
				return Parse("_includes/loop.html", "x{% include loop.html %}"), nil
			}
			return nil, fmt.Errorf("no file %s (relative %t)", name, relative)
		},
	}
	for _, c := range []struct{ in, want, warning string }{
		{"a {% gist 12 %} b", "a  b", "line 1: {% gist 12 %}: the tag is not known: left out"},
		{"a\n{% note %}in {{ n }}{% endnote %}\nb", "a\nin 5\nb", "line 2: {% note %}: the tag is not known: left out"},
		{"{% note %}{% note %}x{% endnote %}{% endnote %}{% endnote %}", "x", "line 1: {% note %}: the tag is not known: left out\nline 1: {% endnote %}: nothing for it to end: left out"},
		{"a {{ unclosed", "a {{ unclosed", "line 1: {{ without }}: left as it is"},
		{"a {{ un } {{ n }}", "a {{ un } 5", "line 1: {{ without }}: left as it is"},
		{"\n$x^{{a}_1}$ {{ n }}", "\n$x^{{a}_1}$ 5", "line 2: {{ without }}: left as it is"},
		{"a {% unclosed", "a {% unclosed", "line 1: {% without %}: left as it is"},
		{"{% and {% if n %}x{% endif %}", "{% and x", "line 1: {% that begins no tag: left as it is"},
		{"write {%` first, {% if n %}x{% endif %}", "write {%` first, x", "line 1: {% that begins no tag: left as it is"},
		{"{% %}x{%- -%}", "{% %}x{%- -%}", "line 1: {% that begins no tag: left as it is"},
		{"{{}}{{ }}x", "x", ""},
		{"{{ .Title }}{{#if}}{{ a ? b }}", "", "line 1: {{ .Title }}: not all of it is Liquid: put it between {% raw %} and {% endraw %} to show it\n" +
			"line 1: {{ #if }}: not all of it is Liquid: put it between {% raw %} and {% endraw %} to show it\n" +
			"line 1: {{ a ? b }}: not all of it is Liquid: put it between {% raw %} and {% endraw %} to show it"},
		{"{{ user.name }}", "", "line 1: {{ user.name }}: there is no user, so nothing is shown: put it between {% raw %} and {% endraw %} if it is meant to be"},
		{"{% if no %}{% assign user = 1 %}{% endif %}{{ user.name }}{{ page.none }}", "", ""},
		{"{{ s | shout: 1 | upcase }}", "TEXT", "line 1: {{ s | shout: 1 | upcase }}: filter shout is not known: passed the value through"},
		{"{{ s | append }}x", "x", "line 1: {{ s | append }}: append needs 1 arguments: left out"},
		{"{{ 5 | divided_by: 0 }}{{ 5 | modulo: 0 }}", "", "line 1: {{ 5 | divided_by: 0 }}: divided by 0: left out\nline 1: {{ 5 | modulo: 0 }}: divided by 0: left out"},
		{"{{ s | date_to_string }}x", "x", `line 1: {{ s | date_to_string }}: "text" is no date: left out`},
		{"{{ list | sort }}x", "x", "line 1: {{ list | sort }}: sort: cannot compare a text with a number: left out"},
		{"{% assign x = 1 | divided_by: 0 %}[{{ x }}]", "[]", "line 1: {% assign x %}: divided by 0: left out"},
		{"{% if n %}open {{ n }}", "open 5", "line 1: {% if %} has no {% endif %}: left out, what follows stays"},
		{"{% if no %}a{% else %}b\n{% for i in list %}{{ n }}", "ab\n5", "line 2: {% for %} has no {% endfor %}: left out, what follows stays\nline 1: {% if %} has no {% endif %}: left out, what follows stays"},
		{"{% if n %}{% for i in list %}a{% endif %}b{% endfor %}", "ab", "line 1: {% for %} has no {% endfor %}: left out, what follows stays\nline 1: {% endfor %}: nothing for it to end: left out"},
		{"{% endif %}x{% else %}y{% when 1 %}", "xy", "line 1: {% endif %}: nothing for it to end: left out\nline 1: {% else %}: it stands in no block it belongs to: left out\nline 1: {% when 1 %}: it stands in no block it belongs to: left out"},
		{"{% if n = 5 %}x{% endif %}", "x", `line 1: {% if n = 5 %}: "=" is no operator: left out`},
		{"{% if %}x{% endif %}", "x", "line 1: {% if %}: want a condition: left out"},
		{"{% if s > 1 %}x{% else %}y{% endif %}", "y", "line 1: {% if %}: cannot compare a text with a number: left out"},
		{"{% for x of list %}a{% endfor %}", "a", "line 1: {% for x of list %}: want NAME in LIST: left out"},
		{"{% for x in list limit: s %}a{% endfor %}", "", `line 1: {% for %}: "text" is no integer: left out`},
		{"{% assign %}{% assign = 1 %}{% capture %}x{% endcapture %}", "x", "line 1: {% assign %}: want NAME = VALUE: left out\nline 1: {% assign = 1 %}: want NAME = VALUE: left out\nline 1: {% capture %}: want the name of a variable: left out"},
		{"{% comment %}a {{ n }}", "a 5", "line 1: {% comment %} has no {% endcomment %}: left out, what follows stays"},
		{"{% raw %}a {{ n }}", "a 5", "line 1: {% raw %} has no {% endraw %}: left out, what follows stays"},
		{"{% cycle %}{% highlight %}x{% endhighlight %}", "x", "line 1: {% cycle %}: want the values to cycle through: left out\nline 1: {% highlight %}: want the name of a language: left out"},
		{"{% liquid\n if n\n echo n\n nope\n%}.", "5.", "line 4: {% nope %}: the tag is not known: left out\nline 2: {% if %} has no {% endif %}: left out, what follows stays"},
		{"{% include gone.html %}.{% include_relative ok.md %}", ".", "line 1: {% include gone.html %}: no file gone.html (relative false): left out\nline 1: {% include_relative ok.md %}: no file ok.md (relative true): left out"},
		{"{% include ../x.html %}{% include /etc/../x %}{% include %}", "", "line 1: {% include %}: want the name of a file: left out\n" +
			`line 1: {% include ../x.html %}: the file name "../x.html" has characters that are not allowed: left out` + "\n" +
			`line 1: {% include /etc/../x %}: the file name "/etc/../x" has characters that are not allowed: left out`},
		{"{% include bad.html a = %}", "", "line 1: {% include bad.html a = %}: want parameters like name=\"value\": left out"},
		{"b{% include bad.html %}", "ba\nx", "_includes/bad.html:2: {% gist 1 %}: the tag is not known: left out\n_includes/bad.html:2: {{ 'x' | shout }}: filter shout is not known: passed the value through"},
		{"{% include loop.html %}.", strings.Repeat("x", 20) + ".", "_includes/loop.html:1: {% include loop.html %}: more than 20 includes in each other: left out"},
		{"{% link a.md %}{% post_url 2026-01-01-a %}", "", "line 1: {% link a.md %}: there is nothing to link to: left out\nline 1: {% post_url 2026-01-01-a %}: there is nothing to link to: left out"},
		{"{% unknown " + strings.Repeat("x", 3000) + "%}{{ n }}", "{% unknown " + strings.Repeat("x", 3000) + "%}5", "line 1: {% that begins no tag: left as it is"},
	} {
		got, warnings := render(c.in, env)
		if got != c.want || warnings != c.warning {
			t.Errorf("%q\n got %q\nwant %q\n got %s\nwant %s", c.in, got, c.want, warnings, c.warning)
		}
	}
}

// TestStable: what moves in Jekyll stays here.
func TestStable(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	env := &Env{Now: now, Vars: map[string]any{"list": []any{"a", "b", "c"}}}
	for in, want := range map[string]string{
		`{{ "now" | date: "%F %T" }} {{ "today" | date: "%F" }}`: "2026-11-24 10:00:00 2026-11-24",
		`{{ list | sample }}{{ list | sample: 2 | join }}`:       "aa b",
	} {
		if got, _ := render(in, env); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestOutside(t *testing.T) {
	env := &Env{
		Filters: map[string]Filter{
			"relative_url": func(in any, args []any) (any, error) { return fmt.Sprint("/base", in, len(args)), nil },
			"smartify":     func(any, []any) (any, error) { return nil, fmt.Errorf("broken") },
		},
		Link:    func(path string) (string, error) { return "/" + path, nil },
		PostURL: func(name string) (string, error) { return "/p/" + name, nil },
		Vars:    map[string]any{"x": "y"},
		Highlight: func(code, lang string, numbers bool) string {
			return fmt.Sprintf("<%s %s %t>", code, lang, numbers)
		},
	}
	got, warnings := render("{{ '/a' | relative_url: 1 }} {% link a/{{ x }}.md %} {% post_url 2026-01-01-a %} {% highlight GO linenos %}\nc\n{% endhighlight %}{{ 1 | smartify }}", env)
	if want := "/base/a1 /a/y.md /p/2026-01-01-a <c go true>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := "line 3: {{ 1 | smartify }}: smartify: broken: left out"; warnings != want {
		t.Errorf("got %q, want %q", warnings, want)
	}
}

// TestHostile: every budget is kept, and text behind what spends it is not lost.
func TestHostile(t *testing.T) {
	double := func(filter string) string {
		return "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | " + filter + " %}{% endfor %}{{ a }}"
	}
	twice := Parse("_includes/twice.html", strings.Repeat("{% include twice.html %}", 2))
	for name, in := range map[string]string{
		"nested loops":     "{% for i in (1..3) %}{% for j in (1..1000) %}{% for k in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}",
		"huge range":       "{% for i in (1..99999999999) %}{% endfor %}",
		"largest range":    "{{ (-9223372036854775808..9223372036854775807) | join }}",
		"range to list":    "{{ (1..9999999999) | where_exp: 'x', 'x == 1' }}",
		"output":           "{% for i in (1..100000) %}" + strings.Repeat("0123456789", 20) + "{% endfor %}",
		"capture":          "{% capture a %}x{% endcapture %}{% for i in (1..60) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}",
		"append":           double("append: a"),
		"prepend":          double("prepend: a"),
		"replace":          double("replace: '', a"),
		"replace x":        double("replace: 'x', a"),
		"backslash":        double(`replace: 'x', '\0\0\0\0'`),
		"split":            double("append: a") + "{{ a | split: '' | join: a }}",
		"join":             "{% assign l = 'a,b,c' | split: ',' %}{% for i in (1..60) %}{% assign l = l | concat: l %}{% endfor %}",
		"nested lists":     "{% assign l = 'a' | split: ',' %}{% for i in (1..60) %}{% assign l = l | push: l | push: l %}{% endfor %}{{ l }}",
		"inspect":          "{% assign l = 'a' | split: ',' %}{% for i in (1..60) %}{% assign l = l | push: l | push: l %}{% endfor %}{{ l | inspect }}",
		"json":             "{% assign l = 'a' | split: ',' %}{% for i in (1..60) %}{% assign l = l | push: l | push: l %}{% endfor %}{{ l | jsonify }}",
		"equal":            "{% assign l = 'a' | split: ',' %}{% assign m = l %}{% for i in (1..60) %}{% assign l = l | push: l | push: l %}{% assign m = m | push: m | push: m %}{% endfor %}{% if l == m %}{% endif %}",
		"uniq":             "{% assign l = 'a' | split: ',' %}{% for i in (1..60) %}{% assign l = l | push: l | push: l %}{% endfor %}{{ l | uniq }}",
		"include bomb":     "{% include twice.html %}",
		"contains":         "{% assign a = 'x' %}{% for i in (1..21) %}{% assign a = a | append: a %}{% endfor %}{% for i in (1..400000) %}{% if a contains 'y' %}{% endif %}{% endfor %}",
		"size":             "{% assign a = 'x' %}{% for i in (1..21) %}{% assign a = a | append: a %}{% endfor %}{% for i in (1..400000) %}{% assign b = a | number_of_words %}{% endfor %}",
		"truncate":         "{% assign a = 'x' %}{% for i in (1..21) %}{% assign a = a | append: a %}{% endfor %}{% for i in (1..400000) %}{% assign b = a | truncate: 3 %}{% endfor %}",
		"dates":            "{% for i in (1..300000) %}{% assign a = 0 | date: '" + strings.Repeat("%999999999d", 1000) + "' %}{% endfor %}",
		"table":            "{% tablerow i in (1..900000) cols: 2 %}{% endtablerow %}",
		"where of where":   "{% assign l = (1..1000) | where_exp: 'x', 'x > 0' %}{% for i in (1..1000) %}{% assign b = l | where_exp: 'x', 'x > 0' %}{% endfor %}",
		"sort":             "{% assign l = (1..200000) | where_exp: 'x', 'x > 0' %}{% for i in (1..100) %}{% assign b = l | sort %}{% endfor %}",
		"arguments":        "{% for i in (1..200000) %}{% assign a = 'x' | append: i | append: i | append: i | append: i %}{% endfor %}",
		"negative numbers": "{{ 'x' | slice: -99999999999, 99999999999 }}{% for i in (1..9) offset: -9 limit: -9 %}{% endfor %}{% for i in (1..3000000) %}{% endfor %}",
	} {
		t.Run(name, func(t *testing.T) {
			env := &Env{Include: func(string, bool) (*Template, error) { return twice, nil }}
			// Smaller than the defaults by a factor: what escaped a budget would still not end.
			env.Limits = Limits{Steps: 20_000, Bytes: 1 << 20, Includes: 50}
			out, warnings := Parse("", "before "+in+" between {{ 1 }} after").Render(t.Context(), env)
			if want := "before  between  after"; out != want {
				t.Errorf("got %.100q, want %q", out, want)
			}
			if len(warnings) > 2 || !strings.Contains(warnings[len(warnings)-1].Text, "left out this Liquid and all behind it") {
				t.Errorf("warnings %v", warnings)
			}
		})
	}
}

// TestDeep: what nests too deep, or repeats what has no end, costs time in proportion.
func TestDeep(t *testing.T) {
	for name, in := range map[string]string{
		"blocks":       strings.Repeat("{% if true %}", 100_000),
		"closed":       strings.Repeat("{% if true %}", 5_000) + "x" + strings.Repeat("{% endif %}", 5_000),
		"outputs":      strings.Repeat("{{", 1<<20) + "}",
		"tags":         strings.Repeat("{%", 1<<20) + strings.Repeat(" ", 1<<20) + "%}",
		"names":        strings.Repeat("{% if", 1<<18) + strings.Repeat(" ", 1<<20) + "%}",
		"comments":     strings.Repeat("{% comment %}", 200_000),
		"raws":         strings.Repeat("{% raw %}", 200_000),
		"brackets":     "{{ " + strings.Repeat("[", 60_000) + " }}",
		"parentheses":  strings.Repeat("{{ "+strings.Repeat("(", 10_000)+" }}", 20),
		"quotes":       "{{ " + strings.Repeat(`"'`, 30_000) + " }}",
		"filters":      "{{ 1" + strings.Repeat(" | plus: 1", 6_000) + " }}",
		"conditions":   "{% if 1" + strings.Repeat(" and 1", 10_000) + " %}x{% endif %}",
		"unknown tags": strings.Repeat("{% a %}", 200_000),
		"liquid":       "{% liquid\n" + strings.Repeat("if 1\n", 100_000) + "%}",
		"indexes":      "{{ a" + strings.Repeat(".a", 30_000) + " }}",
		"ranges":       "{{ " + strings.Repeat("(1..", 10_000) + strings.Repeat(")", 10_000) + " }}",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			start := time.Now()
			Parse("", in).Render(ctx, &Env{Vars: map[string]any{"a": "b"}})
			t.Logf("%v for %d KiB", time.Since(start).Round(time.Millisecond), len(in)>>10)
		})
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out, warnings := Parse("", "a{% for i in (1..2000) %}{{ i }}{% endfor %}b{{ 1 }}c").Render(ctx, nil)
	if out != "abc" || len(warnings) != 1 || warnings[0].Text != "no time left: left out this Liquid and all behind it" {
		t.Errorf("got %q, %v", out, warnings)
	}
}

// TestShared: a template and its environment serve many renderings at once.
func TestShared(t *testing.T) {
	tmpl := Parse("", "{% for i in list %}{% increment n %}{% cycle 'a', 'b' %}{% assign x = i %}{{ x }}{% endfor %}")
	env := &Env{Vars: map[string]any{"list": []any{"p", "q"}}}
	done := make(chan string)
	for range 8 {
		go func() {
			out, _ := tmpl.Render(context.Background(), env)
			done <- out
		}()
	}
	for range 8 {
		if out := <-done; out != "0ap1bq" {
			t.Errorf("got %q", out)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"{% if a == 1 and b contains 'x' or c %}{{ a | plus: 1 }}{% elsif x %}{% else %}{% endif %}",
		"{% for i in (1..3) reversed limit:2 offset:continue %}{{ forloop.index }}{% break %}{% endfor %}",
		"{%- raw -%}{{ x }}{%- endraw -%}{% comment %}{% endcomment %}", "{% liquid\nassign a = 1\necho a\n%}",
		"{% include a.html b=\"c\" d='e' f=g.h %}{% tablerow x in y cols:2 %}{% endtablerow %}{% cycle 'a': b, 1.5 %}",
		"{{ a[b[0]]['c'].d | date: '%-d %5N %::z' | slice: -2, 3 | default: x, allow_false: true }}",
		"{% case a %}{% when 1, 2 or 'x' %}{% endcase %}{% capture b %}{{ -1.5 | round: -3 }}{% endcapture %}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		env := &Env{
			Vars: map[string]any{"a": int64(1), "b": "text", "c": []any{"x", int64(2), 2.5, nil}, "d": time.Unix(0, 0), "e": rubyMap()},
			Now:  time.Unix(1_700_000_000, 0),
			Include: func(name string, _ bool) (*Template, error) {
				return Parse(name, "{{ include.b }}{% include a.html %}"), nil
			},
			Limits: Limits{Steps: 2000, Bytes: 1 << 16},
		}
		tmpl := Parse("", in)
		one, first := tmpl.Render(context.Background(), env)
		two, second := tmpl.Render(context.Background(), env)
		if one != two || fmt.Sprint(first) != fmt.Sprint(second) {
			t.Errorf("not the same twice: %q %q %v %v", one, two, first, second)
		}
		if !Needed(in) && one != in {
			t.Errorf("text without Liquid changed: %q %q", in, one)
		}
	})
}

func rubyMap() *Map {
	m := NewMap(2)
	m.Set("k", "v")
	m.Set("l", []any{int64(1), "2"})
	return m
}

func BenchmarkParse(b *testing.B) {
	in := benchmarkText
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		Parse("", in)
	}
}

func BenchmarkRender(b *testing.B) {
	tmpl, env := Parse("", benchmarkText), &Env{Vars: map[string]any{"site": rubyMap(), "page": rubyMap()}}
	b.SetBytes(int64(len(benchmarkText)))
	for b.Loop() {
		tmpl.Render(context.Background(), env)
	}
}

// BenchmarkSteps is the time that the step budget allows.
func BenchmarkSteps(b *testing.B) {
	tmpl := Parse("", "{% for i in (1..1000) %}{% for j in (1..1000) %}{% if i == j and j > 5 %}{{ i | plus: j }}{% endif %}{% endfor %}{% endfor %}")
	for b.Loop() {
		tmpl.Render(context.Background(), nil)
	}
}

var benchmarkText = strings.Repeat("Some text of a post that goes on for a while, as posts do.\n", 80) +
	"{{ site.k }}/{{ page.k | append: 'x' }}{% if page.k %}a{% else %}b{% endif %}{% for i in page.l %}{{ i }}{% endfor %}\n"
