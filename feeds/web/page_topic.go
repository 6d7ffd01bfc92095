package web

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"feedmill/feeds"
)

// Limits of a topic's page.
const (
	pageItems   = 30
	pageLabels  = 12 // of one item
	pageRelated = 10
	titleRunes  = 300
	leadRunes   = 200 // what two lines hold
)

// topicPage is the data of a topic's page. It holds no age: the page stays as it is until the topic changes.
type topicPage struct {
	frame
	Kind, Slug, Description, Rate string
	Merged                        []string // other names
	Posts                         int
	Newest                        time.Time
	From, Related                 []label
	Slack, Push, Archive          string
	QR                            qrCode
	Filter                        filterForm
	// Words are those of the filter, Count says what it finds.
	Words, Count string
	Items        []template.HTML
	HasPictures  bool
	First        string // the page of the newest; empty where it is this one
}

// article is the data of one item in a list.
type article struct {
	T                 *words
	It                *feeds.Item
	Lead, Image, Page string
	Labels, Copies    []label
}

type label struct{ Text, URL string }

// renderTopic fills made with the page of a topic for people.
func (s *Server) renderTopic(ctx context.Context, cfg *config, d doc, made *document) error {
	page, f, err := s.readShown(ctx, cfg, d, made)
	if err != nil {
		return err
	}
	list, err := s.exactTopics(ctx)
	if err != nil {
		return err
	}
	v := cmp.Or(d.view, &view{})
	data := cfg.topicPage(d, list, page.Items)
	info := list.info(d.topic)
	data.Posts, data.Newest = max(info.Items, len(page.Items)), info.Newest
	if len(page.Items) > 0 {
		data.Newest = data.Newest.In(page.Items[0].Published.Location()) // as the dates below it
	}
	if f != nil && v.filters() && v.whole() == v.query {
		data.Count = data.T.matches(len(f.items), f.looked, len(f.basis) == 1 && f.basis[0] == d.topic, f.more)
	}
	if n := len(page.Items); n > 0 && d.view == nil {
		data.Rate = data.T.rate(n, page.Items[0].Published.Sub(page.Items[n-1].Published))
	}
	if !page.Next.IsZero() && d.topic.Group == "" && !v.filters() {
		data.Archive = cfg.site.BaseURL + archiveDoc(d.topic, ptr(named(cfg.formats, "atom")), monthOf(cmp.Or(page.Version.Changed, page.Items[0].Arrived).Unix())).key
	}
	if v.whole() != v.query {
		data.First = data.to(d.topic.Path(), v.whole())
	}
	return data.fill(cfg, d, &page, made)
}

func ptr[T any](v T) *T { return &v }

// topicPage makes the page without its items, of which some are given.
func (c *config) topicPage(d doc, list *listing, items []feeds.Item) *topicPage {
	v := cmp.Or(d.view, &view{})
	spelt := commonLabel(d.topic, items)
	title := c.display(d.topic, spelt)
	data := &topicPage{
		frame: c.frame(d.look, c.feedTitle(d.topic, spelt), d.topic.Path(), v.query),
		Slack: c.slack(d.topic, d.view), Words: v.String(), Description: c.feed(d.topic, &feeds.Page{}, &c.rss).Description,
	}
	data.Kind = data.T.Kind[d.topic.Kind]
	if data.Words != "" {
		data.Title += " · " + clip(data.Words, titleRunes) // as that of the feeds
	}
	data.Heading, data.Feeds = title, c.addresses(d.topic, d.view, data.Title)
	if v.whole() != v.query {
		data.Title += " · " + data.T.Older
	}
	data.NoIndex = d.view != nil
	data.QR = newQR(c.site.BaseURL + withQuery(d.topic.Path()+c.atom, v.whole()))
	if feeds.Fold(title) != d.topic.Name {
		data.Slug = d.topic.Name
	}
	others := c.aliases[d.topic]
	data.Merged = others[:min(len(others), pageRelated)]
	if v.plain() && !c.private {
		data.Push = "feedmill push add NAME KIND --config feedmill.yaml --topic " + quote(d.topic.String())
	}
	data.Filter = c.filterForm(d, list, v.values())
	data.From, data.Related = c.seen(&data.frame, d.topic, items)
	return data
}

// fill adds as many items as fit, from where reading began, and writes the page.
func (p *topicPage) fill(cfg *config, d doc, page *feeds.Page, made *document) error {
	bare, err := execute("topic.html", p)
	if err != nil {
		return err
	}
	v := cmp.Or(d.view, &view{})
	back := !v.newer.IsZero()
	items, at := page.Items, page.At
	if back {
		items, at = slices.Clone(items), slices.Clone(at)
		slices.Reverse(items)
		slices.Reverse(at)
	}
	left := pageBytes - len(bare)
	for i := range items[:min(len(items), pageItems)] {
		it := &items[i]
		text, err := execute("article", p.article(cfg, d.topic, it))
		if err != nil {
			return err
		}
		if left -= len(text); left < 0 && i > 0 {
			break
		}
		p.Items = append(p.Items, template.HTML(text))
		p.HasPictures = p.HasPictures || picture(it.Image)
	}
	if n := len(p.Items); n > 0 {
		more := n < len(items) || !page.Next.IsZero()
		newest, oldest := at[0], at[n-1]
		older, newer := more, !v.before.IsZero()
		if back {
			slices.Reverse(p.Items)
			newest, oldest, older, newer = oldest, newest, true, more
		}
		if older {
			p.Older = p.to(d.topic.Path(), v.from("before", oldest))
		}
		if newer {
			p.Newer = p.to(d.topic.Path(), v.from("newer", newest))
		}
	}
	made.body, err = execute("topic.html", p)
	return err
}

// article is an item as a list shows it.
func (p *topicPage) article(cfg *config, t feeds.Topic, it *feeds.Item) article {
	short := *it
	short.Title = clip(it.Title, titleRunes)
	a := article{T: p.T, It: &short, Lead: clip(it.Summary, leadRunes), Page: p.To(itemPath(it.ID))}
	if p.Images && picture(it.Image) {
		a.Image = it.Image
	}
	a.Labels = cfg.labels(&p.frame, it, t, pageLabels)
	a.Copies = cfg.copies(it)
	return a
}

// labels are the categories and tags of an item but for one topic, as links; at most so many.
func (c *config) labels(f *frame, it *feeds.Item, but feeds.Topic, most int) (out []label) {
	for _, m := range feeds.Topics(it) {
		if (m.Topic.Kind == "category" || m.Topic.Kind == "tag") && m.Topic != but && len(out) < most {
			out = append(out, label{c.display(m.Topic, m.Label), f.To(m.Topic.Path())})
		}
	}
	return out
}

// copies are the addresses that an item has in other sources, under their names.
func (c *config) copies(it *feeds.Item) (out []label) {
	for _, also := range it.Also {
		if also.URL != "" {
			out = append(out, label{c.display(feeds.NewTopic("source", also.Source), also.Source), also.URL})
		}
	}
	return out
}

// seen are the sources and the labels that items have most, as links.
func (c *config) seen(f *frame, t feeds.Topic, items []feeds.Item) (sources, related []label) {
	type counted struct {
		feeds.Membership
		n int
	}
	var all []counted
	index := map[feeds.Topic]int{}
	for i := range items {
		for _, m := range feeds.Topics(&items[i]) {
			if kind := m.Topic.Kind; m.Topic == t || kind != "source" && kind != "category" && kind != "tag" {
				continue
			}
			at, ok := index[m.Topic]
			if !ok {
				at = len(all)
				index[m.Topic], all = at, append(all, counted{Membership: m})
			}
			all[at].n++
		}
	}
	slices.SortStableFunc(all, func(a, b counted) int { return b.n - a.n })
	for _, m := range all {
		l := label{c.display(m.Topic, m.Label), f.To(m.Topic.Path())}
		switch {
		case m.Topic.Kind == "source" && t.Kind != "source" && len(sources) < pageRelated:
			sources = append(sources, l)
		case m.Topic.Kind != "source" && m.n > 1 && len(related) < pageRelated:
			related = append(related, l)
		}
	}
	return sources, related
}

// quote writes a word for a shell.
func quote(s string) string {
	safe := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/-_.+@:", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// picture reports whether a picture may be shown: one of an encrypted page must not be read or changed on its way.
func picture(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// readShown reads what a page shows a part of, and with a view also how that was found.
func (s *Server) readShown(ctx context.Context, cfg *config, d doc, made *document) (feeds.Page, *found, error) {
	if d.view == nil {
		page, err := s.read(ctx, cfg, d.topic)
		return page, nil, err
	}
	f, err := s.find(ctx, cfg, d.topic, d.view)
	if err != nil {
		return feeds.Page{}, nil, err
	}
	made.until, made.basis = f.until, f.basis
	page := feeds.Page{Items: f.items, At: f.at}
	if f.more && len(f.at) > 0 {
		page.Next = f.at[len(f.at)-1]
	}
	return page, f, nil
}

// amend answers 400 to a filter with a mistake: the page with the form as it was sent, and the reason beside its field.
func (s *Server) amend(w http.ResponseWriter, r *http.Request, cfg *config, d doc, q url.Values, at *paramError) {
	list, err := s.topics(r.Context())
	if err != nil {
		s.unavailable(w, r, cfg, d.look)
		return
	}
	info := list.info(d.topic)
	if info.Version == (feeds.Version{}) && !cfg.known(d.topic) {
		s.notFound(w, r, cfg, place{path: d.topic.Path(), topic: d.topic, page: true})
		return
	}
	data := cfg.topicPage(d, list, nil)
	data.Canonical, data.Posts, data.Newest = "", info.Items, info.Newest
	reason := at.reason
	if own := data.T.Refused[at.name]; own != "" {
		reason = own
	}
	data.Filter = cfg.filterForm(d, list, q)
	data.Filter.refuse(at.name, reason)
	s.failPage(w, r, http.StatusBadRequest, "topic.html", d.look, data)
}

// info is the row of one topic.
func (l *listing) info(t feeds.Topic) feeds.TopicInfo {
	if t == feeds.All {
		return l.all
	}
	for i := range l.rows {
		if l.rows[i].Topic == t {
			return l.rows[i].TopicInfo
		}
	}
	return feeds.TopicInfo{Topic: t}
}
