package webfeed

import (
	"bytes"

	"github.com/mmcdole/gofeed/rss"
)

func parseFloor(body []byte) error {
	_, err := (&rss.Parser{}).Parse(bytes.NewReader(body))
	return err
}
