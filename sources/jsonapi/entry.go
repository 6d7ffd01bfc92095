package jsonapi

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
	"feedmill/sources/internal/page"
)

// usual are the keys under which APIs have the fields that the configuration does not name.
var usual = map[string][]string{
	"id":        {"id", "guid", "uuid", "_id"},
	"title":     {"title", "headline", "name"},
	"url":       {"url", "link", "html_url", "permalink", "href"},
	"date":      {"date_published", "published_at", "publishedAt", "published", "pubDate", "date", "created_at", "createdAt", "created", "timestamp"},
	"updated":   {"date_modified", "updated_at", "updatedAt", "updated", "modified"},
	"summary":   {"summary", "description", "excerpt"},
	"content":   {"content_html", "content", "body", "content_text", "text"},
	"author":    {"authors", "author", "creator"},
	"category":  {"categories", "category"},
	"tag":       {"tags", "tag", "keywords", "labels"},
	"image":     {"image", "thumbnail", "cover"},
	"enclosure": {"attachments", "enclosures", "enclosure"},
	"language":  {"language", "lang"},
	"original":  {"external_url"},
}

// byUsual are the values of a field under its usual keys.
func byUsual(item any, name string) []page.Value {
	object, ok := item.(map[string]any)
	if !ok {
		return nil
	}
	for _, key := range usual[name] {
		list := valuesOf(object[key], name)
		for i := range list {
			list[i].Plain = list[i].Plain || key == "content_text"
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// valuesOf are the texts of a value: of a list each, of an object the one that its field is about.
func valuesOf(v any, name string) (list []page.Value) {
	if items, ok := v.([]any); ok {
		for _, e := range items {
			if _, nested := e.([]any); !nested && len(list) < 100 {
				list = append(list, valuesOf(e, name)...)
			}
		}
		return list
	}
	if text := textOf(v, name); text != "" {
		list = append(list, page.Value{Text: text})
	}
	return list
}

// inside are the keys of objects that hold the text of a field.
var (
	insideURL = []string{"url", "href", "src", "link", "original"}
	inside    = []string{"name", "title", "rendered", "label", "value", "text", "content", "html", "term", "slug"}
)

func textOf(v any, name string) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case *big.Int:
		return v.String()
	case map[string]any:
		keys := inside
		if name == "url" || name == "image" || name == "enclosure" || name == "original" {
			keys = insideURL
		}
		for _, k := range keys {
			if s, ok := v[k].(string); ok && strings.TrimSpace(s) != "" {
				return strings.TrimSpace(s)
			}
		}
	}
	return ""
}

// people are authors that are objects; nil where one is not.
func people(v any) (list []feeds.Person) {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	for _, e := range items {
		o, ok := e.(map[string]any)
		if !ok {
			return nil
		}
		p := feeds.Person{Name: textOf(o["name"], ""), URL: textOf(o["url"], "url"), Email: textOf(o["email"], "")}
		if p.Name == "" {
			p.Name = textOf(o, "author")
		}
		if p != (feeds.Person{}) && len(list) < 100 {
			list = append(list, p)
		}
	}
	return list
}

// describe adds to the files of an item what objects say of them (JSON Feed's attachments and its like).
func describe(files []feeds.Enclosure, v any) {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	for _, e := range items {
		o, ok := e.(map[string]any)
		if !ok {
			continue
		}
		ref := textOf(o, "enclosure")
		i := slices.IndexFunc(files, func(x feeds.Enclosure) bool { return x.URL == ref || ref != "" && strings.HasSuffix(x.URL, ref) })
		if i < 0 {
			continue
		}
		for _, k := range []string{"mime_type", "type", "content_type"} {
			if t := textOf(o[k], ""); strings.Contains(t, "/") {
				files[i].Type = t
				break
			}
		}
		files[i].Title = textOf(o["title"], "")
		for _, k := range []string{"size_in_bytes", "length", "size"} {
			if n, err := strconv.ParseInt(textOf(o[k], ""), 10, 64); err == nil && n > 0 {
				files[i].Length = n
				break
			}
		}
		for _, k := range []string{"duration_in_seconds", "duration"} {
			if n, err := strconv.ParseFloat(textOf(o[k], ""), 64); err == nil && n > 0 && n < 1e7 {
				files[i].Duration = time.Duration(n * float64(time.Second)).Round(time.Second)
				break
			}
		}
	}
}
