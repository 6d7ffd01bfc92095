package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

func previewCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "preview SOURCE...",
		Short: "show what sources would publish, without a store",
		Long:  "preview reads each SOURCE once (a directory, the address of a feed, or a feed document on disk) and shows its items.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return preview(cmd, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line and source")
	configFlag(cmd)
	settingFlags(cmd, "timezone")
	return cmd
}

func preview(cmd *cobra.Command, args []string, asJSON bool) error {
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
	for _, s := range cfg.Sources {
		p, err := previewOne(cmd.Context(), cfg, s)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil {
			failed++
		}
		if asJSON {
			if err := lines.Encode(previewJSON(s.Name, p, err)); err != nil {
				return fmt.Errorf("print %s: %w", s.Name, err)
			}
		} else {
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

func previewOne(ctx context.Context, cfg *config.Config, s config.Source) (sources.Preview, error) {
	files, remove, err := passingFiles()
	if err != nil {
		return sources.Preview{}, err
	}
	defer remove()
	spec, err := app.MakeSpec(cfg, s, httpClient(cfg, s, nil), files, quiet)
	if err != nil {
		return sources.Preview{}, err
	}
	return sources.RunPreview(ctx, spec.Source, spec.Policy)
}

// previewed is the JSON of one source. Items use the names of JSON Feed 1.1.
type previewed struct {
	Source   string             `json:"source"`
	Feed     previewedFeed      `json:"feed"`
	Items    []previewItem      `json:"items"`
	Held     []previewItem      `json:"held,omitempty"`
	Rejected []sources.Rejected `json:"rejected"`
	Error    string             `json:"error,omitempty"`
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
	for _, r := range p.Rejected {
		fmt.Fprintf(w, "  %s\n", app.Place(s.Config.Location(), r))
	}
	fmt.Fprintf(w, "  %s, %d held, %d repaired, %d rejected\n", count(len(p.Items), "item"), len(p.Held), p.Counts.Repaired, p.Counts.Rejected)
	if err != nil {
		fmt.Fprintf(w, "  error: %v\n", err)
	}
}
