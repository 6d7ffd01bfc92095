package app

import (
	"fmt"
	"log/slog"
	"net/http"

	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

// MakeAdopt makes what reads the feed that a source continues; nil where it continues none. client is one of its own:
// what the source is let in with is no business of the old feed's host.
func MakeAdopt(cfg *config.Config, s config.Source, client func(config.Source) *http.Client, log *slog.Logger) (*sources.Adopt, error) {
	if s.Adopt == nil {
		return nil, nil
	}
	old := s.Adopted()
	src, err := old.Kind.New(old.Config, sources.Env{
		Name: s.Name, HTTP: client(old), Log: log.With("source", s.Name), Zone: s.ZoneIn(cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("source %s: adopt: %w", s.Name, err)
	}
	return &sources.Adopt{Source: src, Location: old.Config.Location()}, nil
}
