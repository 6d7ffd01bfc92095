package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"strings"
)

//go:embed static
var files embed.FS

// staticFile is a document that comes with the program.
type staticFile struct {
	name, contentType string
	immutable         bool // its address holds a hash of its bytes
}

// staticFiles are those documents by path. The style sheet and the script have addresses that change with their bytes, so that
// they are kept for good and never meet pages of another version.
var staticFiles = map[string]staticFile{
	styleURL:       {"style.css", "text/css; charset=utf-8", true},
	scriptURL:      {"script.js", "text/javascript; charset=utf-8", true},
	"/favicon.svg": {"favicon.svg", "image/svg+xml", false},
	"/robots.txt":  {"robots.txt", "text/plain; charset=utf-8", false},
}

var styleURL, scriptURL = hashed("style.css"), hashed("script.js")

// hashed is the address of a file with a hash of its bytes in it.
func hashed(name string) string {
	sum := sha256.Sum256(embedded(name))
	stem, suffix, _ := strings.Cut(name, ".")
	return "/" + stem + "-" + hex.EncodeToString(sum[:4]) + "." + suffix
}

func embedded(name string) []byte {
	b, err := files.ReadFile("static/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return b
}

// staticEntries packs the static files; private ones are kept by the reader alone, for their addresses hold a token.
func staticEntries(private bool) (map[string]*entry, error) {
	out := map[string]*entry{}
	for path, f := range staticFiles {
		control := "max-age=86400"
		if f.immutable {
			control = "max-age=31536000, immutable" // RFC 8246
		}
		if private {
			control = "private, " + control
		} else {
			control = "public, " + control
		}
		both := []header{{"Cache-Control", []string{control}}, {"Vary", varyCoding}}
		full := append([]header{{"Content-Type", []string{f.contentType}}, {"X-Content-Type-Options", noSniff}}, both...)
		var err error
		if out[path], err = newEntry(path, &document{body: embedded(f.name), full: full, brief: both}, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}
