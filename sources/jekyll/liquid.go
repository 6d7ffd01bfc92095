package jekyll

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/liquid"
	"feedmill/sources/internal/postdir"
)

const (
	// maxInclude is the largest file that is included, in bytes.
	maxInclude = 1 << 20
	// liquidTime is a net below the budget of steps, which is the same on every machine and ends first.
	liquidTime = 10 * time.Second
)

// nearby is how a post looks at other files of its site.
type nearby interface {
	ReadFile(path string, limit int64) ([]byte, error)
	Exists(path string) bool
	// Uses notes that the post depends on files that the site holds in memory.
	Uses()
	// Named are the posts of which the name of the file begins so.
	Named(name string) []string
	postdir.Survey
}

// expand carries out the Liquid of a part of the post: its body or its excerpt. line is where the part begins in the
// file. Liquid comes before Markdown, so that also what stands in code is carried out. quiet leaves the reports to another
// part that they are in, too.
func (d *doc) expand(part string, line int, quiet bool) string {
	if !liquid.Needed(part) || d.get("render_with_liquid").isFalse() {
		return part
	}
	outer := context.Background()
	if d.outer != nil {
		outer = d.outer.ctx // the time is that of the post that shows this one
	}
	ctx, cancel := context.WithTimeout(outer, liquidTime)
	defer cancel()
	d.lookAt().ctx = ctx
	site := &siteView{doc: d}
	env := &liquid.Env{
		Vars: map[string]any{
			"page":      &pageView{d},
			"site":      site,
			"jekyll":    jekyllView,
			"content":   nil,
			"layout":    nil,
			"theme":     d.site.theme(),
			"paginator": nil,
		},
		Filters: d.filters(),
		Include: d.include,
		Link:    d.link,
		PostURL: d.postURL,
		Zone:    d.site.liquidZone(),
		Now:     d.shown(d.moment),
		ParseTime: func(s string) (time.Time, bool) {
			t := dates.Reader{Zone: d.site.liquidZone()}.Parse(s)
			return t, !t.IsZero()
		},
	}
	out, warnings := liquid.Parse("", part).Render(ctx, env)
	if quiet {
		return out
	}
	for _, w := range warnings {
		if w.File != "" {
			d.Repair(0, "%s", w)
		} else {
			d.Repair(line+w.Line-1, "%s", w.Text)
		}
	}
	if site.data {
		for _, w := range d.site.lib.faults {
			d.Repair(0, "%s", w)
		}
	}
	if site.moved {
		d.Repair(line, "site.time is the date of the post here, so that the post stays what it is")
	}
	return out
}

// jekyllView is the variable jekyll.
var jekyllView = func() *liquid.Map {
	m := liquid.NewMap(2)
	m.Set("version", "4.3.1")
	m.Set("environment", "production")
	return m
}()

// theme is the variable theme; nil without one.
func (s *site) theme() any {
	name := s.conf.get("theme").str()
	if name == "" {
		return nil
	}
	m := liquid.NewMap(1)
	m.Set("name", name)
	return m
}

// liquidZone is the zone in which templates show times. UTC is shown as an offset, as Ruby's local time.
func (s *site) liquidZone() *time.Location {
	if zone := s.dates.local(); zone != time.UTC {
		return zone
	}
	return utcZone
}

var utcZone = time.FixedZone("UTC", 0)

func (d *doc) shown(t time.Time) time.Time { return t.In(d.site.liquidZone()) }

// include finds the template of an include, in _includes or beside the post.
func (d *doc) include(name string, relative bool) (*liquid.Template, error) {
	if relative {
		file := path.Join(path.Dir(d.path), name)
		b, err := d.near.ReadFile(file, maxInclude)
		if err != nil {
			return nil, gone(file, err)
		}
		return liquid.Parse(file, cleanText(b)), nil
	}
	d.near.Uses()
	t := d.site.lib.template(path.Clean(name))
	if t == nil {
		return nil, gone(path.Join(d.site.lib.includes, name), fs.ErrNotExist)
	}
	return t, nil
}

// gone says which file cannot be read. The post depends on it all the same.
func gone(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %.200s; when there is, the post is read anew", file)
	}
	return fmt.Errorf("read %.200s: %w", file, err)
}

// cleanText is a file that is included, in UTF-8.
func cleanText(b []byte) string {
	return strings.ToValidUTF8(strings.TrimPrefix(string(b), "\ufeff"), "\ufffd")
}
