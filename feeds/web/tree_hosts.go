package web

import (
	"fmt"
	"regexp"
	"strings"
)

// hosts adds what tells hosts of files how to serve the tree: Apache reads .htaccess; Netlify, Cloudflare Pages and their
// like read _headers and _redirects; GitHub Pages leaves out nothing where .nojekyll is. Hosts that read none of them know
// the types by the endings.
func (t *tree) hosts() {
	t.add("/.nojekyll", File{body: []byte{}})
	t.add("/.htaccess", File{body: t.htaccess()})
	t.add("/_headers", File{body: t.headers()})
	if moved := t.redirects(); len(moved) > 0 {
		t.add("/_redirects", File{body: moved})
	}
}

// htaccess is for Apache 2.4 (https://httpd.apache.org/docs/2.4/howto/htaccess.html); AllowOverride has to let it.
func (t *tree) htaccess() []byte {
	var b strings.Builder
	b.WriteString("# written by feedmill build\n<IfModule mod_mime.c>\n")
	for _, f := range t.cfg.formats {
		fmt.Fprintf(&b, "AddType %s %s\n", f.MediaType, f.Suffix)
		if f.Charset {
			fmt.Fprintf(&b, "AddCharset utf-8 %s\n", f.Suffix)
		}
	}
	b.WriteString("AddCharset utf-8 .html\n</IfModule>\n<IfModule mod_dir.c>\nDirectoryIndex index.html\n</IfModule>\n")
	fmt.Fprintf(&b, "ErrorDocument 404 %s/404.html\n", t.cfg.prefix)
	b.WriteString("<IfModule mod_headers.c>\nHeader always set X-Content-Type-Options nosniff\nHeader set Access-Control-Allow-Origin \"*\"\n")
	fmt.Fprintf(&b, "<FilesMatch \"\\.html$\">\nHeader set Content-Security-Policy \"%s\"\n</FilesMatch>\n</IfModule>\n", policyBare[0])
	var moved strings.Builder
	for _, m := range t.moved() {
		from, reason := filePath(m.from)
		if reason != "" || strings.ContainsAny(from, "\"%$") {
			continue // there is the copy
		}
		fmt.Fprintf(&moved, "RedirectMatch permanent \"^%s$\" \"%s\"\n", regexp.QuoteMeta(t.cfg.prefix+"/"+from), t.cfg.site.BaseURL+strings.ReplaceAll(m.to, "$", "%24"))
	}
	if moved.Len() > 0 {
		b.WriteString("<IfModule mod_alias.c>\n" + moved.String() + "</IfModule>\n")
	}
	return []byte(b.String())
}

// headers is for Netlify (https://docs.netlify.com/routing/headers/) and Cloudflare Pages
// (https://developers.cloudflare.com/pages/configuration/headers/).
func (t *tree) headers() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# written by feedmill build\n/*\n  X-Content-Type-Options: nosniff\n  Access-Control-Allow-Origin: *\n  Content-Security-Policy: %s\n", policyBare[0])
	for _, f := range t.cfg.formats {
		fmt.Fprintf(&b, "/*%s\n  Content-Type: %s\n", f.Suffix, f.ContentType())
	}
	return []byte(b.String())
}

// maxRedirects is how many fixed ones Cloudflare Pages takes (https://developers.cloudflare.com/pages/configuration/redirects/).
const maxRedirects = 2000

func (t *tree) redirects() []byte {
	var b strings.Builder
	for i, m := range t.moved() {
		if i == maxRedirects {
			break // the others have their copies
		}
		fmt.Fprintf(&b, "%s%s %s%s 301\n", t.cfg.prefix, m.from, t.cfg.prefix, m.to)
	}
	return []byte(b.String())
}

// moved are the redirects to files of the tree.
func (t *tree) moved() (out []move) {
	for _, m := range t.cfg.moves() {
		p, ok := t.cfg.locate(m.to)
		if !ok {
			continue
		}
		to := p.path
		switch {
		case p.list:
			to += outlineSuffix
		case p.page:
			to += "/index.html"
		}
		if file, reason := filePath(to); reason != "" || !t.paths[file] {
			continue
		}
		out = append(out, move{m.from, strings.TrimSuffix(to, "/index.html")})
	}
	return out
}
