package jekyll

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/cespare/xxhash/v2"

	"feedmill/sources/internal/liquid"
)

// Bounds of _includes and _data.
const (
	maxAroundFiles = 2000
	maxAroundDepth = 8
	maxAroundBytes = 16 << 20
	maxDataNodes   = 200_000
)

// library is the files that the posts of a site share: those of _includes and _data. Their bytes are read with the
// configuration, what is in them when a post first asks.
type library struct {
	includes, data string
	files          map[string][]byte
	hash           uint32

	mu        sync.Mutex
	templates map[string]*liquid.Template
	once      sync.Once
	values    *liquid.Map
	faults    []liquid.Warning
}

// lister is what reading a directory of the site needs.
type lister interface {
	ReadDir(dir string) ([]fs.DirEntry, error)
	ReadFile(name string, limit int64) ([]byte, error)
}

// newLibrary reads the files. skipped is how many were too many or too large.
func newLibrary(t lister, conf fields) (l *library, skipped int) {
	l = &library{
		includes:  dirKey(conf, "includes_dir", "_includes"),
		data:      dirKey(conf, "data_dir", "_data"),
		files:     map[string][]byte{},
		templates: map[string]*liquid.Template{},
	}
	h := xxhash.New()
	size := 0
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		entries, err := t.ReadDir(dir)
		if err != nil {
			return
		}
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if e.IsDir() {
				if depth < maxAroundDepth {
					walk(name, depth+1)
				}
				continue
			}
			b, err := t.ReadFile(name, maxInclude)
			if err != nil || len(l.files) >= maxAroundFiles || size+len(b) > maxAroundBytes {
				skipped++
				continue
			}
			size += len(b)
			l.files[name] = b
			fmt.Fprintf(h, "%q %d ", name, len(b))
			h.Write(b) //nolint:errcheck // a hash does not fail
		}
	}
	walk(l.includes, 0)
	if l.data != l.includes {
		walk(l.data, 0)
	}
	l.hash = uint32(h.Sum64())
	return l, skipped
}

// dirKey is a directory that the configuration names, below the site's root.
func dirKey(conf fields, key, usual string) string {
	if dir := conf.get(key).str(); dir != "" {
		return strings.TrimPrefix(path.Clean("/"+dir), "/")
	}
	return usual
}

// template is that of a file of _includes; nil if there is none.
func (l *library) template(name string) *liquid.Template {
	file := path.Join(l.includes, name)
	b, ok := l.files[file]
	if !ok || !strings.HasPrefix(file, l.includes+"/") {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.templates[file]
	if t == nil {
		t = liquid.Parse(file, cleanText(b))
		l.templates[file] = t
	}
	return t
}

// dataFiles is site.data: the files of _data by name (https://jekyllrb.com/docs/datafiles).
func (d *doc) dataFiles() *liquid.Map {
	d.near.Uses()
	l := d.site.lib
	l.once.Do(func() { l.values, l.faults = l.readData(d.site, func(string) bool { return true }) })
	return l.values
}

// readData reads those of the files of _data that are wanted. Of files and directories of one name the last counts, in the
// order in which Jekyll reads them.
func (l *library) readData(s *site, wanted func(file string) bool) (root *liquid.Map, faults []liquid.Warning) {
	root = liquid.NewMap(0)
	type entry struct {
		rel       string
		depth, by int
	}
	var files []entry
	for file := range l.files {
		rel, ok := strings.CutPrefix(file, l.data+"/")
		by := slices.Index(dataExts, strings.ToLower(path.Ext(file)))
		if ok && by >= 0 && wanted(file) {
			files = append(files, entry{rel, strings.Count(rel, "/"), by})
		}
	}
	slices.SortFunc(files, func(a, b entry) int {
		return cmp.Or(a.depth-b.depth, a.by-b.by, strings.Compare(a.rel, b.rel))
	})
	dirs := map[string]*liquid.Map{".": root}
	var dir func(name string) *liquid.Map
	dir = func(name string) *liquid.Map {
		m := dirs[name]
		if m == nil {
			m = liquid.NewMap(0)
			dirs[name] = m
			dir(path.Dir(name)).Set(dataKey(path.Base(name)), m)
		}
		return m
	}
	for _, e := range files {
		file := l.data + "/" + e.rel
		v, err := readData(s, l.files[file], strings.ToLower(path.Ext(file)))
		if err != nil {
			faults = append(faults, liquid.Warning{File: file, Line: 1, Text: err.Error()})
			continue
		}
		dir(path.Dir(e.rel)).Set(dataKey(strings.TrimSuffix(path.Base(e.rel), path.Ext(e.rel))), v)
	}
	return root, faults
}

// dataExts are the kinds of data, in the order in which Jekyll reads them.
var dataExts = []string{".yaml", ".yml", ".json", ".csv", ".tsv"}

// dataKey is the name of a file as a key: without marks, blanks as _.
func dataKey(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' || unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) {
			return c
		}
		return -1
	}, name)
	return strings.Join(strings.Fields(name), "_")
}

func readData(s *site, b []byte, ext string) (any, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	switch ext {
	case ".json":
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		left := maxDataNodes
		v, err := jsonValue(d, &left, 0)
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		return v, nil
	case ".csv", ".tsv":
		return table(b, map[string]rune{".csv": ',', ".tsv": '\t'}[ext])
	}
	v, err := parseAnyYAML(b, maxDataNodes)
	if err != nil {
		line, msg := yamlLine(err)
		return nil, fmt.Errorf("not YAML: line %d: %s", line, msg)
	}
	return s.typed(v), nil
}

// table is one mapping a row, by the names of the first row.
func table(b []byte, comma rune) (any, error) {
	in := csv.NewReader(bytes.NewReader(b))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma, -1, true
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return []any{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("not a table: %w", err)
	}
	rows := []any{}
	for left := maxDataNodes; left > 0; left -= len(head) + 1 {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not a table: %w", err)
		}
		row := liquid.NewMap(len(head))
		for i, key := range head {
			switch {
			case i >= len(record) || record[i] == "":
				row.Set(key, nil)
			default:
				row.Set(key, record[i])
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// jsonValue reads a value with the keys in their order.
func jsonValue(d *json.Decoder, left *int, depth int) (any, error) {
	if *left--; *left < 0 || depth > maxDepth {
		return nil, errTooBig
	}
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Number:
		if n, err := tok.Int64(); err == nil {
			return n, nil
		}
		return tok.Float64()
	case json.Delim:
		if tok == '[' {
			list := []any{}
			for d.More() {
				v, err := jsonValue(d, left, depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		m := liquid.NewMap(0)
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := jsonValue(d, left, depth+1)
			if err != nil {
				return nil, err
			}
			m.Set(fmt.Sprint(key), v)
		}
		_, err := d.Token()
		return m, err
	}
	return tok, nil
}
