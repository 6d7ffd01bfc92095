package web

import (
	"net/http"
	"net/url"
)

// look is what a person has chosen about how pages are shown. It stands in the address, and every link between pages carries
// it on: nothing is stored with the visitor, and a cache needs to know nothing but the address and Accept-Language.
type look struct {
	lang   string // of the page; empty for what is no page
	chosen bool   // by the address: else by Accept-Language
	// images says that pictures of other hosts are shown. They are not unless the visitor asks: who reads here has not decided
	// to tell every host that a post names that it is read, when and from where.
	images bool
}

// lookParams are the parameters of a look, in the order of its canonical spelling.
var lookParams = []string{"hl", "images"}

// looks are all there are.
var looks = func() (all []look) {
	for _, lang := range languages {
		for _, chosen := range []bool{false, true} {
			all = append(all, look{lang, chosen, false}, look{lang, chosen, true})
		}
	}
	return all
}()

// look reads how a page is wished. With an error it is the one that the client has without a choice.
func (c *config) look(r *http.Request, q url.Values) (look, error) {
	l := look{lang: acceptLanguage(r.Header["Accept-Language"], c.fallback())}
	lang, err := choice(q, "hl", l.lang, languages...)
	if err != nil {
		return l, err
	}
	images, err := choice(q, "images", "hide", "show", "hide")
	if err != nil {
		return l, err
	}
	return look{lang, q.Get("hl") != "", images == "show"}, nil
}

// query is the look as an address has it.
func (l look) query() string {
	q := url.Values{}
	if l.chosen {
		q.Set("hl", l.lang)
	}
	if l.images {
		q.Set("images", "show")
	}
	return lookQuery(q)
}

// lookQuery writes the parameters of a look in their canonical order.
func lookQuery(q url.Values) (s string) {
	for _, name := range lookParams {
		if v := q.Get(name); v != "" {
			s = join(s, name+"="+url.QueryEscape(v))
		}
	}
	return s
}

// key names a page in a cache: the address that it has where that says everything, else with the language behind it.
func (l look) key(path, query string) string {
	key := withQuery(path, join(l.query(), query))
	if !l.chosen {
		key += "#" + l.lang
	}
	return key
}

func (l look) words() *words {
	if l.lang == "" {
		return texts["en"]
	}
	return texts[l.lang]
}

// join puts two queries together.
func join(a, b string) string {
	if a != "" && b != "" {
		a += "&"
	}
	return a + b
}

func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}
