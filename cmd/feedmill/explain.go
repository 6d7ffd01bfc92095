package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

func explainCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain ITEM|URL",
		Short: "tell where an item came from, and why it is what and where it is",
		Long: `explain tells of an item where it came from, its identity, where each of its dates and its language are from, what
rules and the sanitiser did to it, what has become of it and which feeds it is in. ITEM is its public ID, its native key
(such as an upstream's guid), its file or its address. It also finds what rules left out and what was rejected. Of the
address of a feed it tells what its topic is, or why there is none.

It asks the running server of the store, else the store itself; rules are told where --config names them. Exit code 1
says that nothing is known.`,
		Example: "  feedmill explain --config feedmill.yaml _posts/2026-01-05-first.md\n  feedmill explain https://example.com/first.html",
		Args:    exactly(1, "one item: its ID, key, file or address"),
		RunE:    func(cmd *cobra.Command, args []string) error { return explain(cmd, args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	configFlag(cmd)
	settingFlags(cmd, "store")
	return cmd
}

func explain(cmd *cobra.Command, asked string, asJSON bool) error {
	cfg, err := settingsOf(cmd)
	if err != nil {
		return err
	}
	if strings.TrimSpace(asked) == "" {
		return &usageError{errors.New("explain: the item is empty: give its ID, key, file or address")}
	}
	q := app.Question{Asked: asked}
	if _, err := os.Lstat(asked); err == nil {
		if q.File, err = filepath.Abs(asked); err != nil {
			return fmt.Errorf("explain %s: %w", asked, err)
		}
	}
	e, err := explanation(cmd.Context(), cfg, q)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if asJSON {
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		if err := lines.Encode(e); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	} else {
		for i, s := range e.Items {
			if i > 0 {
				fmt.Fprintln(out)
			}
			storyText(out, s)
		}
		if e.Topic != nil {
			topicText(out, *e.Topic)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if len(e.Items) == 0 && e.Topic == nil {
		if asJSON {
			return &foundError{1}
		}
		return fmt.Errorf("nothing is known of %s\n  %s", asked, strings.Join(e.Hints, "\n  "))
	}
	return nil
}

// explanation asks the running server, else the store that no server of this machine has open.
func explanation(ctx context.Context, cfg *config.Config, q app.Question) (app.Explanation, error) {
	server, err := app.Dial(app.SocketPath(cfg.Store))
	if err != nil {
		return app.Explanation{}, err
	}
	if server != nil {
		return server.Explain(ctx, q)
	}
	if err := isThere(cfg.Store); err != nil {
		return app.Explanation{}, err
	}
	store, err := openStore(ctx, cfg.Store, quiet)
	if err != nil {
		return app.Explanation{}, err
	}
	e, err := app.Explain(ctx, store, sceneOf(cfg), q)
	return e, errors.Join(err, store.Close())
}

func sceneOf(cfg *config.Config) app.Scene {
	return app.Scene{Config: cfg, Formats: formats, Base: app.BaseOf(cfg, cfg.Listen)}
}

// storyText writes a story in lines of a word and what it says.
func storyText(w io.Writer, s app.Story) {
	say := func(word string, texts ...string) {
		for _, t := range texts {
			if t != "" {
				fmt.Fprintf(w, "  %-10s  %s\n", word, t)
				word = ""
			}
		}
	}
	with := func(text, from string) string {
		if text == "" || from == "" {
			return text
		}
		return text + " (" + from + ")"
	}
	title := s.Title
	if title == "" {
		title = s.Key
	}
	fmt.Fprintln(w, title)
	source := s.Source
	if s.Kind != "" {
		source += " (" + s.Kind + ": " + s.Location + ")"
	}
	say("source", source)
	say("key", s.Key)
	say("file", s.File)
	say("upstream", s.Upstream)
	say("also in", s.Also...)
	say("state", strings.TrimSuffix(s.State+": "+s.Because, ": "))
	say("report", s.Reports...)
	say("id", with(s.ID, s.IDFrom))
	say("url", s.URL)
	say("original", s.Original)
	say("first seen", when(s.FirstSeen.Time))
	say("arrived", with(when(s.Arrived.Time), s.Arrived.From))
	say("published", dated(s.Published))
	say("updated", dated(s.Updated))
	say("withdrawn", when(s.Withdrawn))
	if s.LanguageFrom != "" {
		say("language", with(orNone(s.Language), s.LanguageFrom))
	}
	say("authors", strings.Join(s.Authors, ", "))
	say("steps", s.Steps...)
	say("html", with(s.Removed, "left out"))
	say("rules", s.Rules...)
	say("group", s.Group)
	for i, t := range s.Topics {
		word := "topics"
		if i > 0 {
			word = ""
		}
		fmt.Fprintf(w, "  %-10s  %s\n", word, strings.TrimSpace(t.Topic.String()+"  "+addresses(t.Feeds)))
	}
}

// addresses are those of one topic: the first, and the endings of the others.
func addresses(list []string) string {
	if len(list) == 0 {
		return ""
	}
	out := list[0]
	for _, a := range list[1:] {
		out += " " + a[strings.LastIndexByte(a, '.'):]
	}
	return out
}

// dated is a date that may be missing with where it is from.
func dated(d app.Dated) string {
	switch {
	case d.From == "":
		return when(d.Time)
	case d.Time.IsZero():
		return "none yet (" + d.From + ")"
	}
	return when(d.Time) + " (" + d.From + ")"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

func topicText(w io.Writer, t app.TopicStory) {
	fmt.Fprintf(w, "topic %s\n", t.Topic)
	line := func(word, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-10s  %s\n", word, text)
		}
	}
	line("label", t.Label)
	line("title", t.Title)
	if t.Known {
		line("items", fmt.Sprint(t.Items))
		line("newest", when(t.Newest))
		line("changed", when(t.Changed))
	} else {
		line("state", "not there")
	}
	for _, b := range t.Because {
		line("because", b)
	}
	if t.Known {
		line("feeds", addresses(t.Feeds))
	}
	for _, n := range t.Near {
		line("near", n)
	}
}
