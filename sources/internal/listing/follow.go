package listing

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/page"
)

// Following are the keys by which a list is followed to its articles.
type Following struct {
	// Follow says where the text of an article is.
	Follow page.Reading `yaml:"follow,omitempty" doc:"Fetch the article of each new item; its text is in this CSS selector, or write readability to have it found. Unset: not fetched."`
	// Article are fields that are taken from the article.
	Article map[string]page.Field `yaml:"article,omitempty" doc:"Fields taken from the article, as in fields of a webpage; they win over those of the list."`
	// Remove are elements that are no part of the text.
	Remove page.Selector `yaml:"remove,omitempty" doc:"CSS selector of what is no part of the text, such as .share, .ads."`
	// Limit is the most articles fetched at once.
	Limit int `yaml:"follow_limit,omitempty" doc:"The most articles fetched each time; others wait for the next."`
}

// DefaultLimit and maxLimit are the articles fetched at once: at a second between requests to one host, 20 take as long.
const (
	DefaultLimit = 20
	maxLimit     = 200
)

// Check implements the part of sources.Config that is about these keys.
func (f *Following) Check() error {
	for _, name := range sortedFields(f.Article) {
		if err := CheckName("article", name); err != nil {
			return err
		}
	}
	switch {
	case f.Follow.IsZero() && len(f.Article) > 0:
		return errors.New("article: needs follow, which says where the text of the article is")
	case f.Limit < 0 || f.Limit > maxLimit:
		return fmt.Errorf("follow_limit: want 1 to %d", maxLimit)
	}
	return nil
}

// Over returns what leads to the articles; nil when they are not followed.
func (f *Following) Over(poll *fetch.Poll) *Follow {
	if f.Follow.IsZero() {
		return nil
	}
	limit := f.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	return &Follow{Following: *f, poll: poll, limit: limit}
}

// Follow fetches articles.
type Follow struct {
	Following
	poll  *fetch.Poll
	limit int
	start time.Time
	// halted says that the host asked for a pause: what is left waits for the next fetch.
	halted bool
}

const (
	// attempts is how many fetches try to read an article that cannot be read.
	attempts = 3
	// followTime is how long a fetch may go on asking for articles.
	followTime = 3 * time.Minute
	// maxArticle bounds an article, in bytes.
	maxArticle = 5 << 20
)

// wants says that an entry has an article to read. A file is none.
func (f *Follow) wants(e *Entry) bool {
	return f != nil && e.Item.URL != "" && fileType(e.Item.URL) == ""
}

// choose takes as many as may be fetched, new entries before others, and the newest first. jobs are the oldest first.
func (f *Follow) choose(jobs []*job) {
	if f == nil {
		return
	}
	f.start = time.Now()
	left := f.limit
	for _, fresh := range []bool{true, false} {
		for i := len(jobs) - 1; i >= 0; i-- {
			j := jobs[i]
			if !j.follow || fresh == j.known {
				continue
			}
			if left--; left < 0 {
				j.follow, j.wait = false, true
			}
		}
	}
}

// fill reads the article of a job. One that cannot be read costs its text and a report, and is tried again by later
// fetches; only the end of ctx is an error.
func (f *Follow) fill(ctx context.Context, out sources.Sink, j *job, r Reader) error {
	e := j.entry
	if f.halted || time.Since(f.start) > followTime {
		j.wait = true
		return nil
	}
	err := f.read(ctx, j, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	paused := (*fetch.PausedError)(nil)
	switch {
	case err == nil:
		j.m.Read, j.m.Tries, j.m.Tried = true, 0, 0
		return nil
	case errors.As(err, &paused):
		f.halted, j.wait = true, true
		return nil
	case errors.Is(err, fetch.ErrRobots), errors.Is(err, fetch.ErrPrivate), errors.Is(err, fetch.ErrTooLarge):
		j.m.Tries = attempts
	default:
		j.m.Tries++
		j.wait = j.m.Tries < attempts
	}
	j.m.Tried = e.raw
	out.Reject(sources.Rejected{Where: e.key, Reason: fmt.Sprintf("without the text of its article: %s", err), Repaired: true})
	return nil
}

func (f *Follow) read(ctx context.Context, j *job, r Reader) error {
	e := j.entry
	if err := f.poll.Permitted(ctx, e.Item.URL); err != nil {
		return err
	}
	resp, err := f.poll.Once(ctx, fetch.Request{URL: e.Item.URL, Accept: AcceptPages, MaxBytes: maxArticle})
	if err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(resp.ContentType); err == nil && !strings.HasPrefix(kind, "text/") && !strings.Contains(kind, "html") && !strings.HasSuffix(kind, "xml") {
		e.Item.Enclosures = append(e.Item.Enclosures, feeds.Enclosure{URL: e.Item.URL, Type: kind})
		return nil
	}
	p, err := page.Parse(resp.Body, resp.ContentType, resp.FinalURL)
	if err != nil {
		return err
	}
	if r.Dates.Language == "" {
		r.Dates.Language = p.Language()
	}
	r.Base = p.Base
	meta := p.Meta()
	page.Remove(p.Doc.Selection, f.Remove)
	own := Values{}
	for name, field := range f.Article {
		if v := field.Find(p.Doc.Selection, name); len(v) > 0 {
			own[name] = v
		}
	}
	listed, how, found, problem := e.Item.Published, e.how, e.found, e.Problem
	if _, ok := own["content"]; !ok {
		text, err := f.Follow.Content(p)
		if err != nil {
			return err
		}
		own["content"] = []page.Value{{Text: text, HTML: true}}
	}
	r.fill(e, own)
	e.Base, e.found = baseOf(p.Base), found
	if len(own["date"]) > 0 && e.Item.Published.IsZero() {
		e.Item.Published, e.how = listed, how
	}
	if !e.Item.Published.IsZero() && e.Problem == problem {
		e.Problem = ""
	}
	e.supplement(meta, r)
	j.m.Date = e.Item.Published // the list may state less of it
	return nil
}

// supplement fills what is missing with what the article says of itself, and mends what lists cut: titles that end in
// dots, dates without a time.
func (e *Entry) supplement(m page.Meta, r Reader) {
	it := e.Item
	cut := strings.TrimRight(strings.TrimRight(it.Title, "."), "…")
	if it.Title == "" || cut != it.Title && len(cut) > 3 && strings.HasPrefix(m.Title, cut) {
		it.Title = line(page.Value{Text: m.Title, Plain: true})
	}
	if it.Summary == "" {
		it.Summary = line(page.Value{Text: m.Summary, Plain: true})
	}
	if it.Image == "" {
		it.Image = m.Image
	}
	if it.Language == "" {
		it.Language = m.Language
	}
	if len(it.Authors) == 0 {
		for _, a := range m.Authors {
			it.Authors = append(it.Authors, feeds.Person{Name: a})
		}
	}
	if len(it.Categories) == 0 && m.Section != "" {
		it.Categories = []string{m.Section}
	}
	if len(it.Tags) == 0 {
		it.Tags = m.Tags
	}
	if t := r.Dates.Parse(m.Published); !t.IsZero() {
		p := it.Published
		if p.IsZero() || e.how != dates.Absolute || p.Hour() == 0 && p.Minute() == 0 && p.Second() == 0 && t.Sub(p).Abs() < 36*time.Hour {
			it.Published, e.how, e.Problem = t, dates.Absolute, ""
			it.Because("date", "the article's own metadata")
		}
	}
	if t := r.Dates.Parse(m.Updated); it.Updated.IsZero() && !t.IsZero() {
		it.Updated = t
		it.Because("updated", "the article's own metadata")
	}
}

// AcceptPages is the Accept header of somebody who reads pages.
const AcceptPages = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
