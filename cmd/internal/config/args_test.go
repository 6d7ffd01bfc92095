package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFromArgs(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args, want []string // name kind
	}{
		{[]string{"/srv/finews"}, []string{"finews jekyll"}},
		{[]string{"/srv/finews/", "https://techcrunch.example/feed/"}, []string{"finews jekyll", "techcrunch.example feed"}},
		{[]string{"https://www.example.org:8443/a"}, []string{"example.org feed"}},
		{[]string{"/a/Site", "/b/site", "/c/SITE"}, []string{"site jekyll", "site-2 jekyll", "site-3 jekyll"}},
		{[]string{"/a/x", "/b/x", "/c/x-2"}, []string{"x jekyll", "x-2 jekyll", "x-2-2 jekyll"}},
		{[]string{"/srv/金融 消息"}, []string{"金融-消息 jekyll"}},
		{[]string{"/srv/_site."}, []string{"site jekyll"}},
		{[]string{"/srv/!"}, []string{"source jekyll"}},
		{[]string{"."}, []string{strings.ToLower(filepath.Base(here)) + " jekyll"}},
		{[]string{"/" + strings.Repeat("长", 70), "/b/" + strings.Repeat("长", 80)}, []string{strings.Repeat("长", 64) + " jekyll", strings.Repeat("长", 62) + "-2 jekyll"}},
	} {
		c, err := FromArgs(tt.args, fakeKinds().Sources)
		if err != nil {
			t.Errorf("%q: %v", tt.args, err)
			continue
		}
		var got []string
		for _, s := range c.Sources {
			got = append(got, s.Name+" "+s.Kind.Name)
			if _, err := parseName(s.Name); err != nil {
				t.Errorf("%q: %v", tt.args, err)
			}
			if s.Interval != s.Kind.Interval || s.Fingerprint == "" {
				t.Errorf("%q: %+v", tt.args, s)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.args, diff)
		}
		compareInit(t, c)
	}
}

func TestFromArgsErrors(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "no source given"},
		{[]string{"/a", "/a"}, `source "/a" is given twice`},
		{[]string{"nothing"}, `source "nothing": not recognised; tried jekyll (a directory with a Jekyll site), feed (the address of an RSS, Atom or JSON feed)`},
	} {
		_, err := FromArgs(tt.args, fakeKinds().Sources)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: want %q, got %v", tt.args, tt.want, err)
		}
	}
}

func TestInitGolden(t *testing.T) {
	c, err := FromArgs([]string{"/srv/finews", "https://example.org/feed?a=$b"}, fakeKinds().Sources)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Init(c)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/init.golden.yaml", got)

	// What stands there as a comment can be used: remove the marks and the file is still right.
	open := regexp.MustCompile(`(?m)^( *)# ( *[/a-z_.]+:)`).ReplaceAll(got, []byte("$1$2"))
	if _, err := Parse("f.yaml", open, fakeKinds(), nil); err != nil {
		t.Errorf("with every suggestion taken up:\n%v\n%s", err, open)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", name, diff)
	}
}
