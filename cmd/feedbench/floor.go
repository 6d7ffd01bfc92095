package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
)

// floorVerb makes this binary the floor: what net/http alone does with bytes that are ready.
const floorVerb = "floor-server"

// serveFloor serves the file args[2] on args[0] with ETag args[1], and nothing else.
func serveFloor(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("%s ADDR ETAG FILE", floorVerb)
	}
	body, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	etag := args[1]
	length := strconv.Itoa(len(body))
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Etag"] = []string{etag}
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h["Content-Type"] = []string{"application/rss+xml; charset=utf-8"}
		h["Content-Encoding"] = []string{"gzip"}
		h["Content-Length"] = []string{length}
		w.Write(body)
	}))
}
