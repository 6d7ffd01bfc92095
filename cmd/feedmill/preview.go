package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

func previewCommand() *cobra.Command {
	var how previewing
	cmd := &cobra.Command{
		Use:   "preview SOURCE...",
		Short: "show what sources would publish, without a store",
		Long: `preview reads each SOURCE once (a directory, the address of a feed, or a feed document on disk) and shows its items, and
those that rules leave out. Of a list of feeds it reads those, too.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return preview(cmd, args, how)
		},
	}
	cmd.Flags().BoolVar(&how.json, "json", false, "print one JSON object a line and source")
	cmd.Flags().BoolVar(&how.explain, "explain", false, "tell of each item where it and its dates come from and what is done to it")
	configFlag(cmd)
	settingFlags(cmd, "timezone")
	return cmd
}

// previewing says how a preview is shown.
type previewing struct{ json, explain bool }

func preview(cmd *cobra.Command, args []string, how previewing) error {
	load, err := loader(cmd, args)
	if err != nil {
		return err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	failed := 0
	network := fetch.NewNetwork(fetch.Options{})
	defer network.CloseIdleConnections()
	scene := sceneOf(cfg)
	for list := cfg.Sources; len(list) > 0; list = list[1:] {
		s := list[0]
		p, err := previewOne(cmd.Context(), cfg, s, network)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		members, wrong := membersOf(cfg, s, p.List)
		if list = slices.Insert(list, 1, members...); wrong != nil {
			err = errors.Join(err, wrong)
		}
		if err != nil {
			failed++
		}
		switch {
		case how.json:
			doc := previewJSON(s.Name, p, err)
			if how.explain {
				doc.Explained = app.Stories(scene, s, p)
			}
			if err := lines.Encode(doc); err != nil {
				return fmt.Errorf("print %s: %w", s.Name, err)
			}
		case how.explain:
			fmt.Fprintf(out, "%s: %s\n", s.Name, p.About.Title)
			for _, story := range app.Stories(scene, s, p) {
				fmt.Fprintln(out)
				storyText(out, story)
			}
			fmt.Fprintln(out)
			previewSum(out, p, err)
		default:
			previewText(out, s, p, err)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	if failed > 0 {
		return &foundError{failed}
	}
	return nil
}

// membersOf are the sources that the list of one names. A member that cannot be one is an error of the list.
func membersOf(cfg *config.Config, s config.Source, list []byte) (out []config.Source, err error) {
	if s.Kind.Members == nil {
		return nil, nil
	}
	members, err := s.Kind.Members(list)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	for _, m := range members {
		one, wrong := s.Member(cfg, m)
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", m.Name, wrong))
			continue
		}
		out = append(out, one)
	}
	return out, err
}

func previewOne(ctx context.Context, cfg *config.Config, s config.Source, network *fetch.Network) (sources.Preview, error) {
	files, remove, err := passingFiles()
	if err != nil {
		return sources.Preview{}, err
	}
	defer remove()
	spec, err := app.MakeSpec(cfg, s, httpClient(cfg, s, network), files, quiet)
	if err != nil {
		return sources.Preview{}, err
	}
	if spec.Adopt, err = app.MakeAdopt(cfg, s, func(s config.Source) *http.Client { return httpClient(cfg, s, network) }, quiet); err != nil {
		return sources.Preview{}, err
	}
	return sources.RunPreview(ctx, spec)
}

// previewed is the JSON of one source. Items use the names of JSON Feed 1.1.
type previewed struct {
	Source   string             `json:"source"`
	Feed     previewedFeed      `json:"feed"`
	Items    []previewItem      `json:"items"`
	Held     []previewItem      `json:"held,omitempty"`
	Rejected []sources.Rejected `json:"rejected"`
	// Dropped are what rules leave out, Explained the story of each item with --explain.
	Dropped   []sources.Dropped `json:"dropped,omitempty"`
	Explained []app.Story       `json:"explained,omitempty"`
	Adopted   *sources.Adopted  `json:"adopted,omitempty"`
	Error     string            `json:"error,omitempty"`
}

type previewedFeed struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	Language    string `json:"language"`
	Description string `json:"description"`
}

type previewItem struct {
	ID            string              `json:"id"`
	URL           string              `json:"url,omitempty"`
	ExternalURL   string              `json:"external_url,omitempty"`
	Title         string              `json:"title,omitempty"`
	ContentHTML   string              `json:"content_html,omitempty"`
	Summary       string              `json:"summary,omitempty"`
	Image         string              `json:"image,omitempty"`
	DatePublished string              `json:"date_published,omitempty"`
	DateModified  string              `json:"date_modified,omitempty"`
	Authors       []previewAuthor     `json:"authors,omitempty"`
	Tags          []string            `json:"tags,omitempty"`
	Language      string              `json:"language,omitempty"`
	Attachments   []previewAttachment `json:"attachments,omitempty"`
	Categories    []string            `json:"categories,omitempty"`
	Updated       string              `json:"updated,omitempty"`
	SourceKey     string              `json:"source_key"`
}

type previewAuthor struct {
	Name  string `json:"name,omitempty"`
	URL   string `json:"url,omitempty"`
	Email string `json:"email,omitempty"`
}

type previewAttachment struct {
	URL      string  `json:"url"`
	MimeType string  `json:"mime_type,omitempty"`
	Title    string  `json:"title,omitempty"`
	Size     int64   `json:"size_in_bytes,omitempty"`
	Duration float64 `json:"duration_in_seconds,omitempty"`
}

func previewJSON(name string, p sources.Preview, err error) previewed {
	out := previewed{
		Source: name,
		Feed:   previewedFeed{p.About.Title, p.About.URL, p.About.Language, p.About.Description},
		Items:  itemsJSON(p.Items), Held: itemsJSON(p.Held), Rejected: append([]sources.Rejected{}, p.Rejected...),
		Dropped: p.Dropped, Adopted: p.Adopted,
	}
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

func itemsJSON(changes []feeds.Change) []previewItem {
	out := []previewItem{}
	for _, c := range changes {
		it := c.Item
		item := previewItem{
			ID: cache.MintID(c.Source, c.Key, c.Wish, false), URL: it.URL, ExternalURL: it.Original, Title: it.Title,
			ContentHTML: it.Content, Summary: it.Summary, Image: it.Image, Tags: it.Tags, Language: it.Language,
			Categories: it.Categories, SourceKey: c.Key,
			DatePublished: stamp(it.Published), DateModified: stamp(it.Updated), Updated: stamp(it.Updated),
		}
		for _, a := range it.Authors {
			item.Authors = append(item.Authors, previewAuthor{a.Name, a.URL, a.Email})
		}
		for _, e := range it.Enclosures {
			item.Attachments = append(item.Attachments, previewAttachment{e.URL, e.Type, e.Title, e.Length, e.Duration.Seconds()})
		}
		out = append(out, item)
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func previewText(w io.Writer, s config.Source, p sources.Preview, err error) {
	fmt.Fprintf(w, "%s: %s\n", s.Name, p.About.Title)
	for _, c := range p.Items {
		date := "no date yet     "
		if !c.Item.Published.IsZero() {
			date = c.Item.Published.Format("2006-01-02 15:04")
		}
		fmt.Fprintf(w, "  %s  %s\n", date, c.Item.Title)
		for _, m := range feeds.Topics(c.Item) {
			if k := m.Topic.Kind; k == "category" || k == "tag" {
				fmt.Fprintf(w, "                      %s\n", m.Topic)
			}
		}
	}
	for _, c := range p.Held {
		fmt.Fprintf(w, "  %s  %s (held until then)\n", c.Item.Published.Format("2006-01-02 15:04"), c.Item.Title)
	}
	for _, d := range p.Dropped {
		fmt.Fprintf(w, "  left out          %s (%s)\n", d.Title, d.Rule)
	}
	for _, r := range p.Rejected {
		fmt.Fprintf(w, "  %s\n", app.Place(s.Config.Location(), r))
	}
	previewSum(w, p, err)
}

// previewSum is the last line about a source.
func previewSum(w io.Writer, p sources.Preview, err error) {
	left := ""
	if len(p.Dropped) > 0 {
		left = fmt.Sprintf(", %d left out by rules", len(p.Dropped))
	}
	fmt.Fprintf(w, "  %s, %d held%s, %d repaired, %d rejected\n", count(len(p.Items), "item"), len(p.Held), left, p.Counts.Repaired, p.Counts.Rejected)
	if a := p.Adopted; a != nil && a.Error == "" {
		fmt.Fprintf(w, "  %d of %d IDs of %s\n", a.Matched, a.Items, a.From)
	}
	if err != nil {
		fmt.Fprintf(w, "  error: %v\n", err)
	}
}
