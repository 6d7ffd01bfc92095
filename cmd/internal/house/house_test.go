// Package house holds the rules of the repository that the compiler does not: who may import whom, that every adapter
// is built in, that every package says what it is for, and that the documents name what exists.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "feedmill/"

// row is a line of the import table. of and may are patterns of package paths: "*" stands for one element.
type row struct {
	of, may []string
	reason  string
}

// table says which packages of ours a package may import directly; its own subfolders always. The first row counts.
var table = []row{
	{[]string{"feeds"}, nil, "the vocabulary knows nobody, so everybody can know it"},
	{[]string{"feeds/match"}, []string{"feeds"}, "the words of a filter serve rules of sources, addresses and saved feeds alike"},
	{[]string{"feeds/lint"}, nil, "it judges documents from anywhere, so it knows nothing of how ours are made"},
	{[]string{"feeds/internal/*"}, []string{"feeds"}, "what several formats share is as pure as they are"},
	{[]string{"feeds/web"}, []string{"feeds", "feeds/internal/*", "feeds/match"}, "it reads through a port of its own, so that any store and any format fits"},
	{[]string{"feeds/hub", "feeds/push"}, []string{"feeds", "cache"}, "they follow the store's log and keep bookmarks in it"},
	{[]string{"feeds/push/*"}, []string{"feeds", "feeds/push"}, "a target only sends and classifies its failure; the courier does the rest"},
	{[]string{"feeds/*"}, []string{"feeds", "feeds/internal/*"}, "a format is a pure function of a feed"},
	{[]string{"sources"}, []string{"feeds", "feeds/match"}, "it declares the store port it needs; a source runs without any store"},
	{[]string{"sources/fetch"}, []string{"feeds", "sources"}, "the one HTTP client serves every kind and knows none"},
	{
		[]string{"sources/internal/listing"},
		[]string{"feeds", "sources", "sources/fetch", "sources/internal/*"},
		"it follows the entries of a list to their articles",
	},
	{[]string{"sources/internal/page"}, []string{"feeds", "sources", "sources/internal/charset"}, "it reads pages in every encoding"},
	{[]string{"sources/internal/*"}, []string{"feeds", "sources"}, "what several kinds share fetches nothing"},
	{[]string{"sources/*"}, []string{"feeds", "sources", "sources/fetch", "sources/internal/*"}, "a kind only maps what is outside"},
	{[]string{"cache"}, []string{"feeds"}, "the contract of a store speaks of items alone"},
	{[]string{"cache/internal/*"}, []string{"feeds", "cache"}, "what several stores share is no store"},
	{[]string{"cache/*"}, []string{"feeds", "cache", "cache/internal/*"}, "a store knows the contract and no other store"},
	{
		[]string{"cmd/internal/*"},
		[]string{"feeds", "feeds/match", "feeds/web", "feeds/hub", "feeds/push", "sources", "sources/fetch", "cache", "cmd/internal/*"},
		"wiring and configuration know contracts; adapters are handed in",
	},
	{[]string{"cmd/*"}, []string{"*", "*/*", "*/*/*"}, "the programs put everything together"},
}

// suiteMay is what a suite may import beside the folder it stands in. Only tests import suites. One runs a courier, which needs a store.
var suiteMay = []string{"feeds", "feeds/lint", "feeds/push", "sources", "sources/fetch", "cache", "cache/embedded"}

// notAdapters are the folders between adapters that are none.
var notAdapters = []string{"feeds/match", "feeds/lint", "feeds/web", "feeds/hub", "feeds/push", "sources/fetch"}

// adapterFolders hold one adapter a folder.
var adapterFolders = []string{"sources", "cache", "feeds", "feeds/push"}

// pkg is a package of the repository: its files by name, tests left out.
type pkg struct {
	path    string
	imports map[string][]string // file -> import paths
	doc     bool
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatalf("this test looks at the repository around it: %v", err)
	}
	return dir
}

// packages reads every package that has files beside its tests, for any system.
func packages(t *testing.T) []*pkg {
	t.Helper()
	dir := root(t)
	found := map[string]*pkg{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if skipped(e.Name()) && name != dir || e.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, filepath.Dir(name))
		if err != nil {
			return err
		}
		p := found[filepath.ToSlash(rel)]
		if p == nil {
			p = &pkg{path: filepath.ToSlash(rel), imports: map[string][]string{}}
			found[p.path] = p
		}
		p.doc = p.doc || f.Doc != nil
		file := filepath.Base(name)
		p.imports[file] = []string{}
		for _, i := range f.Imports {
			p.imports[file] = append(p.imports[file], strings.Trim(i.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []*pkg
	for _, p := range found {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return out
}

// skipped are folders that are no part of the repository.
func skipped(name string) bool { return strings.HasPrefix(name, ".") || name == "node_modules" }

func suite(p string) bool { return strings.HasSuffix(path.Base(p), "test") }

func matches(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, p)
		return err == nil && ok
	})
}

// rowOf finds the row of a package, or of the folder it is a part of.
func rowOf(p string) (r row, owner string, ok bool) {
	for owner = p; owner != "."; owner = path.Dir(owner) {
		for _, r := range table {
			if matches(r.of, owner) {
				return r, owner, true
			}
		}
	}
	return row{}, "", false
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		r, owner, ok := rowOf(p.path)
		if suite(p.path) {
			r, ok = row{may: append([]string{path.Dir(p.path)}, suiteMay...), reason: "a suite knows the contract it holds others to"}, true
		}
		if !ok {
			t.Errorf("%s: no row of the table says what it may import; add one with its reason", p.path)
			continue
		}
		for file, imports := range p.imports {
			for _, i := range imports {
				if p.path == "feeds" {
					vocabulary(t, file, i)
				}
				ours, isOurs := strings.CutPrefix(i, module)
				switch {
				case !isOurs || strings.HasPrefix(ours, owner+"/") && !suite(ours):
				case suite(ours) && !suite(p.path) && !(p.path == "cmd/fakebots" && ours == "feeds/push/pushtest"): // which shows what tests send to
					t.Errorf("%s/%s imports %s: suites are for tests", p.path, file, ours)
				case !matches(r.may, ours) && !suite(ours):
					t.Errorf("%s/%s imports %s, but may only import %v: %s", p.path, file, ours, r.may, r.reason)
				}
			}
		}
	}
}

// vocabulary holds package feeds to the standard library without input and output.
func vocabulary(t *testing.T, file, path string) {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") {
		t.Errorf("feeds/%s imports %s: the vocabulary has no technology in it", file, path)
	}
	for _, io := range []string{"os", "net", "net/http", "log", "log/slog", "database/sql", "os/exec"} {
		if path == io {
			t.Errorf("feeds/%s imports %s: the vocabulary does no input and output", file, path)
		}
	}
}

// TestFolders: the top-level folders stay; a row of the table whose folder is gone would hold nobody to anything.
func TestFolders(t *testing.T) {
	dir := root(t)
	for _, folder := range []string{"feeds", "sources", "cache", "cmd", "deploy"} {
		if _, err := os.Stat(filepath.Join(dir, folder)); err != nil {
			t.Errorf("the folder %s is one of the five the repository consists of: %v", folder, err)
		}
	}
}

func adapter(p string) bool {
	return slices.Contains(adapterFolders, path.Dir(p)) && !suite(p) && !slices.Contains(notAdapters, p)
}

func TestEveryAdapterIsBuiltIn(t *testing.T) {
	const program = "cmd/feedmill"
	all := packages(t)
	var builtin []string
	exists := false
	for _, p := range all {
		if p.path != program {
			continue
		}
		exists = true
		if builtin = p.imports["builtin.go"]; builtin == nil {
			t.Fatal("cmd/feedmill/builtin.go is missing: it is the table of contents of the program")
		}
		for file, imports := range p.imports {
			for _, i := range imports {
				if ours, ok := strings.CutPrefix(i, module); ok && adapter(ours) && file != "builtin.go" {
					t.Errorf("%s/%s names %s: builtin.go is the only file that names adapters", program, file, ours)
				}
			}
		}
	}
	if !exists {
		t.Fatal("cmd/feedmill is missing")
	}
	for _, p := range all {
		if adapter(p.path) && !slices.Contains(builtin, module+p.path) {
			t.Errorf("%s does not stand in cmd/feedmill/builtin.go: nobody can use it", p.path)
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if !p.doc {
			t.Errorf("%s: no package comment says what it is for", p.path)
		}
	}
}

var (
	fence    = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	inline   = regexp.MustCompile("`([^`\n]+)`")
	makeLine = regexp.MustCompile(`(?m)(?:^|[;&|(]|\$ )\s*make ([a-z]+)`)
	verbLine = regexp.MustCompile(`(?m)(?:^|[;&|(]|\$ )\s*(?:\./|go run \./cmd/)?feedmill ([a-z]+)`)
	ourPath  = regexp.MustCompile(`(?:^|[\s"'(=:])\.?/?((?:deploy|cmd|\.ci)/[A-Za-z0-9_./-]*[A-Za-z0-9_])`)
	target   = regexp.MustCompile(`(?m)^([a-z]+):`)
	verb     = regexp.MustCompile("Use: +[\"`]([a-z]+)")
)

// TestDocuments: what the documents tell people to type exists.
func TestDocuments(t *testing.T) {
	dir := root(t)
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(b)
	}
	var targets, verbs []string
	for _, m := range target.FindAllStringSubmatch(read("Makefile"), -1) {
		targets = append(targets, m[1])
	}
	sources, err := filepath.Glob(filepath.Join(dir, "cmd/feedmill/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range verb.FindAllStringSubmatch(string(b), -1) {
			verbs = append(verbs, m[1])
		}
	}
	for _, name := range []string{"README.md", "README.zh-CN.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"} {
		var code []string
		text := read(name)
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			code = append(code, m[1])
		}
		for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			code = append(code, m[1])
		}
		for _, c := range code {
			for _, m := range makeLine.FindAllStringSubmatch(c, -1) {
				if !slices.Contains(targets, m[1]) {
					t.Errorf("%s says `make %s`, and the Makefile has no such target", name, m[1])
				}
			}
			for _, m := range verbLine.FindAllStringSubmatch(c, -1) {
				if len(sources) > 0 && !slices.Contains(verbs, m[1]) {
					t.Errorf("%s says `feedmill %s`, and there is no such verb", name, m[1])
				}
			}
			for _, m := range ourPath.FindAllStringSubmatch(c, -1) {
				if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil && (len(sources) > 0 || !strings.HasPrefix(m[1], "cmd/feedmill")) {
					t.Errorf("%s names %s: %v", name, m[1], err)
				}
			}
		}
	}
}

// TestNoMachine: nothing in the repository belongs to one machine.
func TestNoMachine(t *testing.T) {
	// Put together from parts, so that this file does not find itself.
	homes := regexp.MustCompile(`(?:^|[\s"'=:(<])/(?:` + strings.Join([]string{"work", "root", "home", "Users"}, "|") + `)/[A-Za-z]`)
	hosts := regexp.MustCompile(strings.Join([]string{`proxy\.golang` + `\.org`, `registry\.npm` + `js`, `deb\.debian` + `\.org`}, "|"))
	dir := root(t)
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == ".git" || skipped(e.Name()) && name != dir && e.Name() != ".ci" {
				return filepath.SkipDir
			}
			return nil
		}
		if e.Name() == ".git" || !e.Type().IsRegular() {
			return nil
		}
		info, err := e.Info()
		if err != nil || info.Size() > 4<<20 {
			return err // larger files are built, not written
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(b), "\n") {
			if m := homes.FindString(line); m != "" {
				t.Errorf("%s:%d: %q is a path of one machine", rel, i+1, m)
			}
			if m := hosts.FindString(line); m != "" {
				t.Errorf("%s:%d: %s is for the tools' own configuration to name", rel, i+1, m)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
