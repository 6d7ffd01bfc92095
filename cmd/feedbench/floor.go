package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
)

// floorVerb makes this binary the floor: what net/http alone does with bytes that are ready.
const floorVerb = "floor-server"

// answer is what the floor serves: the same header fields and bytes that feedmill sent.
type answer struct {
	Full, Brief http.Header // of a 200 and of a 304
	Body        []byte
}

// serveFloor serves the answer in the file args[1] on args[0], and nothing else.
func serveFloor(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s ADDR FILE", floorVerb)
	}
	b, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	etag := a.Full.Get("Etag")
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Header.Get("If-None-Match") == etag {
			for name, values := range a.Brief {
				h[name] = values
			}
			w.WriteHeader(http.StatusNotModified)
			return
		}
		for name, values := range a.Full {
			h[name] = values
		}
		w.Write(a.Body)
	}))
}
