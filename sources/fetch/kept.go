package fetch

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// keptSuffix makes the key of a body in the state of that of its document.
const keptSuffix = "/body"

// maxKept bounds a body in the state, compressed, in bytes: a store takes little more in one note.
const maxKept = 512 << 10

// kept is the body of a document that was read and is needed once more.
type kept struct {
	ContentType string `json:"type"`
	FinalURL    string `json:"url"`
	Body        []byte `json:"body"` // zstd
}

// Later says that the body was read, and that something in it waits for another fetch. The body is kept: if the origin says
// by then that it is still the same, Get returns it again, and it is not Unchanged. A body that is too large to be kept is
// asked for again as if it had not come.
func (d *Document) Later() error {
	if d.again && d.is.Kept {
		d.keep()
		return nil
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("keep a body: %w", err)
	}
	defer w.Close()
	k := kept{ContentType: d.ContentType, FinalURL: d.FinalURL, Body: w.EncodeAll(d.Body, nil)}
	if len(k.Body) > maxKept {
		d.drop()
		return nil
	}
	b, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("keep a body: %w", err)
	}
	d.poll.st.Set(d.key+keptSuffix, b)
	d.is.Kept, d.is.Body = true, d.hash
	d.keep()
	return nil
}

// restore brings back a body that was kept. Without it the document is asked for unconditionally the next time.
func (d *Document) restore() error {
	var k kept
	b, ok, err := d.poll.st.Get(d.key + keptSuffix)
	if err != nil {
		return err
	}
	if ok {
		ok = json.Unmarshal(b, &k) == nil
	}
	if ok {
		var r *zstd.Decoder
		if r, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(DefaultMaxBytes)); err != nil {
			return fmt.Errorf("read a kept body: %w", err)
		}
		defer r.Close()
		d.Body, err = r.DecodeAll(k.Body, nil)
		ok = err == nil
	}
	if !ok {
		d.drop()
		return nil
	}
	d.Unchanged, d.again, d.hash = false, true, d.is.Body
	d.ContentType, d.FinalURL = k.ContentType, k.FinalURL
	return nil
}

// drop forgets what would make the next request conditional.
func (d *Document) drop() {
	if d.is.Kept {
		d.poll.st.Delete(d.key + keptSuffix)
	}
	d.is.Kept, d.is.Body, d.is.Validators, d.Validators = false, "", Validators{}, Validators{}
	d.keep()
}
