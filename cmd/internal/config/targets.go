package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds"
	"feedmill/feeds/match"
	"feedmill/feeds/push"
)

// sending are the keys that every target takes.
type sending struct {
	Topics   []string       `yaml:"topics,omitempty,flow" doc:"What is sent, as in addresses: all, category/NAME, tag/NAME, source/NAME, author/NAME, lang/NAME, feed/NAME. Unset: all."`
	Group    string         `yaml:"group,omitempty" doc:"The private group that the target is of: it gets the group's items beside the public ones, and may ask for the group's saved feeds. Unset: public items alone."`
	Match    match.Words    `yaml:"match,omitempty" doc:"Of these only items that the words match, as in an address: q, category, tag, author, source, lang, not."`
	Where    string         `yaml:"where,omitempty" doc:"Of these only items for which this expression is true, as of a saved feed."`
	Template templates      `yaml:"template,omitempty" doc:"How an item is shown, as text/template over {{.Title}}, {{.Summary}}, {{.Source}}, {{.Tags}} and so on: one text, whose first line leads to the item, or {title: TEXT, text: TEXT, footer: TEXT}. Unset: title, beginning, small print."`
	Language string         `yaml:"language,omitempty" doc:"The language of words that feedmill adds: en or zh. Unset: that of the top level." jsonschema:"enum=en,enum=zh"`
	Images   *bool          `yaml:"images,omitempty" doc:"Whether pictures are shown. Unset: yes."`
	Digest   digest         `yaml:"digest,omitempty" doc:"Send together what came: {every: 15m}, or {at: [\"09:00\", \"18:00\"]} by the clock of timezone. Unset: at once; only what piles up is sent together."`
	Quiet    string         `yaml:"quiet,omitempty" doc:"The time of day in which nothing is sent, such as \"22:00-07:30\", by the clock of timezone. What comes meanwhile is sent together afterwards."`
	Timezone string         `yaml:"timezone,omitempty" doc:"The time zone of digest, quiet and the times in messages. Unset: timezone of the top level, else UTC, and each date in messages as the post states it."`
	Edits    string         `yaml:"edits,omitempty" doc:"What becomes of an item that was sent and then changed: ignore, repost (sent again, marked as edited) or edit (the message is changed, where the platform can)." jsonschema:"enum=ignore,enum=repost,enum=edit"`
	CatchUp  time.Duration  `yaml:"catch_up,omitempty" doc:"How far back a digest shows what piled up while the target could not be sent to, 24h to 720h; what waited for longer is counted, with a link. Unset: 48h. A webhook gets everything."`
	SendLast int            `yaml:"send_last,omitempty" doc:"How many of the newest items a new target gets at once, 0 to 5; else it begins with what comes next." jsonschema:"minimum=0,maximum=5"`
	Allow    []netip.Prefix `yaml:"allow,omitempty" doc:"Private networks that the target may be in, such as 10.0.0.0/8. Unset: public addresses only."`
	Proxy    string         `yaml:"proxy,omitempty" secret:"true" doc:"The http, https or socks5 proxy that the target is reached through."`
	Timeout  time.Duration  `yaml:"timeout,omitempty" doc:"How long one attempt may take, 1s to 2m. Unset: 15s."`
}

// DefaultTimeout is how long one attempt to send may take.
const DefaultTimeout = 15 * time.Second

// digest says when what came is sent together.
type digest struct {
	Every time.Duration `yaml:"every,omitempty" doc:"The time between two digests, 1m to 24h."`
	At    []string      `yaml:"at,omitempty,flow" doc:"Times of day, such as \"09:00\"."`
}

// Target is a configured target.
type Target struct {
	Name   string
	Kind   push.Kind
	Config push.Config
	// Topics are what it asked for, where labels and sources have other names now under these; [Target.Match] narrows them. Only
	// saved feeds of a private group have a Group; see [Target.Asked].
	Topics []feeds.Topic
	// Group is the private group whose items it gets beside the public ones; empty for none.
	Group    string
	Language string
	Images   bool
	Digest   push.Digest
	Quiet    push.Quiet
	Edits    push.Edits
	CatchUp  time.Duration
	SendLast int
	// Shape shows an item; nil for the way of the language.
	Shape func(*feeds.Item) (push.Entry, error)
	// Zone is its own time zone, else that of the configuration; nil for neither.
	Zone *time.Location
	// Web is how it is reached.
	Web Web
	// Line is the target's line in the file.
	Line int
	// Hash moves with every setting of the target, secrets included; none comes out of it.
	Hash string

	filter *match.Filter
	where  *match.Where
	// written is the target as the file has it, so that secrets stay the names of where they are.
	written *yaml.Node
}

// Asked are the topics whose items the target gets: those it asked for, and with a group the group's own as well.
func (t *Target) Asked() (out []feeds.Topic) {
	for _, topic := range t.Topics {
		out = append(out, topic)
		if t.Group != "" && topic.Kind != "feed" { // a saved feed is of one group, or public
			topic.Group = t.Group
			out = append(out, topic)
		}
	}
	return out
}

// Match says whether the target wants an item of its topics. An error is one of this item alone.
func (t *Target) Match(it *feeds.Item) (bool, error) {
	if t.filter != nil && !t.filter.Match(it) {
		return false, nil
	}
	if t.where != nil {
		return t.where.Match(it)
	}
	return true, nil
}

// targets reads the section of that name, behind all others: topics follow labels and sources to their names of today.
func (r *reader) targets(c *Config, n *yaml.Node, kinds []push.Kind) {
	switch {
	case n.IsZero():
		return
	case n.Kind != yaml.MappingNode:
		r.fail(n, "targets", "want a mapping (a name for each target), got %s", describe(n.Kind, n.Value, false))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join("targets", k.Value)
		name, err := parseName(k.Value)
		switch line, twice := lines[feeds.Fold(name)]; {
		case err != nil:
			r.fail(k, at, "%s", err)
		case twice:
			r.fail(k, at, "the name is already taken in line %d (capitals do not count); choose another", line)
		case v.Kind == yaml.AliasNode:
			r.fail(v, at, noAlias, v.Value)
		case v.Kind != yaml.MappingNode:
			r.fail(v, at, "want a mapping with the kind of the target first, such as slack: ${SLACK_WEBHOOK}")
		default:
			lines[feeds.Fold(name)] = k.Line
			if t, ok := r.target(c, name, at, k.Line, v, kinds); ok {
				c.Targets = append(c.Targets, t)
			}
		}
	}
}

func (r *reader) target(c *Config, name, at string, line int, n *yaml.Node, kinds []push.Kind) (t Target, ok bool) {
	before := len(r.errs)
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	shared := fieldsOf(&sending{})
	i, where, ok := r.kind(at, n, names, keys(shared), "target")
	if !ok {
		return t, false
	}
	t = Target{Name: name, Kind: kinds[i], Config: kinds[i].Config(), Line: line, written: copyOf(n)}
	own := targetFields(t.Kind)
	r.fields(n, slices.Concat(shared, own), at, nil)
	ours, theirs := part(n), part(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		to := theirs
		if _, ok := find(shared, k.Value); ok {
			to = ours
		} else if f, _ := find(own, k.Value); f.secret {
			r.outside(v, join(at, k.Value), k.Value)
		}
		to.Content = append(to.Content, k, v)
	}
	var s sending
	r.load(ours, &s)
	r.load(theirs, t.Config)
	if len(r.errs) > before {
		return t, false
	}
	r.send(c, &t, ours, at, &s)
	if err := t.Config.Check(); err != nil {
		r.ofKind(theirs, where, at, kinds[i].Name, err)
	}
	if len(r.errs) > before {
		return t, false
	}
	to, err := t.Kind.New(t.Config, push.Env{Name: name, HTTP: http.DefaultClient, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.ofKind(theirs, where, at, kinds[i].Name, err)
		return t, false
	}
	if _, can := to.(push.Editor); !can && t.Edits == push.InPlace {
		r.fail(valueOf(ours, "edits"), join(at, "edits"), "%s cannot change a message that it has; want ignore or repost", kinds[i].Name)
		return t, false
	}
	t.Hash = t.hash(c, &s)
	return t, true
}

// targetFields are the keys of a kind of target. The one that names the kind is always a secret.
func targetFields(k push.Kind) []field {
	out := fieldsOf(k.Config())
	for i := range out {
		out[i].secret = out[i].secret || out[i].key == k.Name
	}
	return out
}

// outside reports a secret that stands in the file itself, where it would be read by whoever reads the configuration.
func (r *reader) outside(n *yaml.Node, at, key string) {
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 1:
			r.outside(c, join(at, n.Content[i-1].Value), n.Content[i-1].Value)
		case n.Kind != yaml.MappingNode:
			r.outside(c, at, key)
		}
	}
	if n.Kind == yaml.ScalarNode && n.Value != "" && !r.seen[mark{n.Line, n.Column}].expanded {
		r.fail(n, at, "a secret does not belong into this file: put it into a file of its own (mode 0600) and write %s_file: PATH, or into the environment and write %s: ${NAME}", key, key)
	}
}

// ofKind reports an error of a kind's own check. By convention one about a key begins with it.
func (r *reader) ofKind(n, where *yaml.Node, at, kind string, err error) {
	key, reason, ok := strings.Cut(err.Error(), ": ")
	if v := valueOf(n, key); ok && v != n {
		r.fail(v, join(at, key), "%s", reason)
		return
	}
	r.fail(where, join(at, kind), "%s", err)
}

// send checks the keys that every target takes, and takes them over.
func (r *reader) send(c *Config, t *Target, n *yaml.Node, at string, s *sending) {
	wrong := func(key string, err error) {
		if err != nil {
			r.value(valueOf(n, key), join(at, key), err)
		}
	}
	if v := valueOf(n, "group"); v != n {
		r.knownGroup(c, v, join(at, "group"), s.Group)
	}
	t.Group = s.Group
	t.Topics = r.topics(c, n, at, s.Topics, s.Group)
	r.narrow(t, n, at, s)
	switch t.Language = s.Language; {
	case t.Language == "" && (c.Language == "zh" || strings.HasPrefix(c.Language, "zh-")):
		t.Language = "zh"
	case t.Language == "":
		t.Language = "en"
	case t.Language != "en" && t.Language != "zh":
		wrong("language", errors.New("want en or zh"))
	}
	t.Images = s.Images == nil || *s.Images
	var err error
	t.Digest, err = s.Digest.parse()
	wrong("digest", err)
	t.Quiet, err = parseQuiet(s.Quiet)
	wrong("quiet", err)
	if t.Zone = c.Zone; s.Timezone != "" {
		t.Zone, err = parseZone(s.Timezone)
		wrong("timezone", err)
	}
	r.template(t, n, at, s.Template)
	if t.Edits = push.Edits(s.Edits); s.Edits == "" {
		t.Edits = push.IgnoreEdits
	}
	if !slices.Contains([]push.Edits{push.IgnoreEdits, push.Repost, push.InPlace}, t.Edits) {
		wrong("edits", errors.New("want ignore, repost or edit"))
	}
	if t.CatchUp = s.CatchUp; t.CatchUp != 0 && (t.CatchUp < 24*time.Hour || t.CatchUp > 720*time.Hour) {
		wrong("catch_up", errors.New("want 24h to 720h"))
	}
	if t.SendLast = s.SendLast; t.SendLast < 0 || t.SendLast > 5 {
		wrong("send_last", errors.New("want 0 to 5"))
	}
	var key string
	t.Web, key, err = web{Allow: s.Allow, Proxy: s.Proxy, Timeout: s.Timeout}.parse()
	wrong(key, err)
	if t.Web.Timeout > 2*time.Minute {
		wrong("timeout", errors.New("want 1s to 2m"))
	}
	if t.Web.Timeout == 0 {
		t.Web.Timeout = DefaultTimeout
	}
	if t.Web.Proxy != nil && t.Web.Proxy.User != nil {
		r.outside(valueOf(n, "proxy"), join(at, "proxy"), "proxy")
	}
}

// narrow takes over which items of its topics a target wants.
func (r *reader) narrow(t *Target, n *yaml.Node, at string, s *sending) {
	var err error
	if words := valueOf(n, "match"); words != n {
		if t.filter, err = match.Compile(s.Match); err != nil {
			word, reason, _ := strings.Cut(err.Error(), ": ")
			r.fail(valueOf(words, word), join(join(at, "match"), word), "%s", reason)
		} else if t.filter.Empty() {
			r.fail(words, join(at, "match"), "want one of q, category, tag, author, source, lang, not")
		}
	}
	if where := valueOf(n, "where"); where != n {
		if t.where, err = match.CompileWhere(s.Where); err != nil {
			r.wrongWhere(where, join(at, "where"), err)
		}
	}
}

// topics reads the topics of a target of a group, or of none.
func (r *reader) topics(c *Config, n *yaml.Node, at string, list []string, group string) (out []feeds.Topic) {
	v := valueOf(n, "topics")
	if v == n {
		return []feeds.Topic{feeds.All}
	}
	if len(list) == 0 {
		r.fail(v, join(at, "topics"), "want at least one topic, such as all or category/NAME; without the key it is all")
		return nil
	}
	for i, text := range list {
		where := v
		if i < len(v.Content) {
			where = v.Content[i]
		}
		topic, err := c.topic(text)
		if err == nil && topic.Group != "" && topic.Group != group {
			err = fmt.Errorf("the saved feed %s is of the private group %s: write group: %[2]s beside it, and the target gets what the group sees", topic.Name, topic.Group)
		}
		if err != nil {
			r.fail(where, fmt.Sprintf("%s[%d]", join(at, "topics"), i), "%s", err)
			continue
		}
		if !slices.Contains(out, topic) {
			out = append(out, topic)
		}
	}
	return out
}

// ParseTopic reads a topic as the configuration, a person or an address writes it: all, category/x, /tag/%E9%87%91.atom,
// or an address below base_url. A label or a source that has another name now is found under that; a saved feed has its group.
func (c *Config) ParseTopic(text string) (feeds.Topic, error) { return c.topic(text) }

func (c *Config) topic(text string) (feeds.Topic, error) {
	path := strings.TrimSpace(text)
	if c.BaseURL != "" {
		if rest, ok := strings.CutPrefix(path, c.BaseURL+"/"); ok {
			path = rest
		}
	}
	path = strings.Trim(path, "/")
	for _, suffix := range []string{".rss", ".atom", ".json"} {
		if rest, ok := strings.CutSuffix(path, suffix); ok {
			path = rest
			break
		}
	}
	if path == "all" || path == "feed" {
		return feeds.All, nil
	}
	kind, name, _ := strings.Cut(path, "/")
	// As people write it, a name may have letters that an address escapes; "%" alone decides.
	t, _, err := feeds.ParsePath(kind + "/" + strings.ReplaceAll(name, "/", "%2F"))
	if err != nil {
		return t, fmt.Errorf("%q is no topic; want all, or one of category/, tag/, source/, author/, lang/, feed/ with a name", text)
	}
	if to, ok := c.Redirects[t.Path()]; ok {
		if now, _, err := feeds.ParsePath(pathOf(to.To)); err == nil {
			t = now
		}
	}
	if t.Kind == "feed" {
		names := make([]string, len(c.Feeds))
		for i, f := range c.Feeds {
			if names[i] = f.Topic.Name; f.Topic.Name == t.Name {
				return f.Topic, nil
			}
		}
		return t, fmt.Errorf("feeds has no saved feed %s%s", t.Name, suggest(t.Name, names))
	}
	return t, nil
}

// spell writes a topic so that [Config.ParseTopic] reads it again, for people where that can be.
func (c *Config) spell(t feeds.Topic) string {
	if again, err := c.topic(t.String()); err == nil && again == t {
		return t.String()
	}
	return strings.TrimPrefix(t.Path(), "/")
}

// pathOf is the path of a topic as a redirect writes it.
func pathOf(to string) string {
	kind, name, ok := strings.Cut(to, "/")
	if !ok {
		return to
	}
	return feeds.NewTopic(kind, name).Path()
}

func (d digest) parse() (out push.Digest, err error) {
	switch {
	case d.Every != 0 && len(d.At) > 0:
		return out, errors.New("want either every or at")
	case d.Every != 0 && (d.Every < time.Minute || d.Every > 24*time.Hour):
		return out, errors.New("every: want 1m to 24h")
	case len(d.At) > 48:
		return out, errors.New("at: want at most 48 times of day")
	}
	out.Every = d.Every
	for _, text := range d.At {
		at, err := parseClock(text)
		if err != nil {
			return out, fmt.Errorf("at: %w", err)
		}
		out.At = append(out.At, at)
	}
	slices.Sort(out.At)
	out.At = slices.Compact(out.At)
	return out, nil
}

// parseClock reads a time of day, such as 09:00, as the time since midnight.
func parseClock(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day; want one such as \"09:00\"", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

func parseQuiet(s string) (q push.Quiet, err error) {
	if s == "" {
		return q, nil
	}
	want := errors.New("want two times of day such as \"22:00-07:30\"")
	from, to, ok := strings.Cut(strings.ReplaceAll(s, "–", "-"), "-")
	if !ok {
		return q, want
	}
	if q.From, err = parseClock(strings.TrimSpace(from)); err != nil {
		return q, want
	}
	if q.To, err = parseClock(strings.TrimSpace(to)); err != nil || q.From == q.To {
		return q, want
	}
	return q, nil
}

// zoneName is empty for no zone, which is another setting than UTC.
func zoneName(zone *time.Location) string {
	if zone == nil {
		return ""
	}
	return zone.String()
}

func (t *Target) hash(c *Config, s *sending) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %v %v %v %v %q %s %d %s", t.Name, t.Kind.Name, zoneName(t.Zone), t.Language, t.Topics, t.Images, t.Digest, t.Quiet, t.Edits, t.CatchUp, t.SendLast, t.Web.Timeout)
	fmt.Fprintf(h, "%q %q %q %v\n", c.BaseURL, s.Where, s.Proxy, s.Allow)
	if s.Group != "" {
		fmt.Fprintf(h, "group %q\n", s.Group)
	}
	for _, v := range []any{s.Match, s.Template, t.Config} {
		b, err := yaml.Dump(v)
		if err != nil {
			b = fmt.Appendf(nil, "%+v", v)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// copyOf copies a tree before variables are expanded in it.
func copyOf(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = copyOf(child)
	}
	return &c
}

// checkTargetKinds finds mistakes of kinds of target, not of the operator.
func checkTargetKinds(kinds []push.Kind) error {
	shared := fieldsOf(&sending{})
	for _, k := range kinds {
		own := targetFields(k)
		if _, ok := find(own, k.Name); !ok {
			return fmt.Errorf("kind %s: the config type has no field with the yaml tag %q for the address or credential", k.Name, k.Name)
		}
		for _, f := range own {
			if _, ok := find(shared, f.key); ok {
				return fmt.Errorf("kind %s: key %s belongs to every target; the config type must not have it", k.Name, f.key)
			}
		}
	}
	return nil
}
