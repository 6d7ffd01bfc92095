package web

import "fmt"

// mistake is what is wrong with the query of an address: programs are told in English, people in their language.
type mistake struct {
	what string // a key of words.Mistakes
	args []any
}

func wrongly(what string, args ...any) error { return &mistake{what, args} }

func (m *mistake) Error() string { return m.in(texts["en"]) }

func (m *mistake) in(w *words) string { return fmt.Sprintf(w.Mistakes[m.what], m.args...) }
