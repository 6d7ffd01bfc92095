package opml

import (
	"encoding/json"
	"fmt"

	"feedmill/sources"
)

// A list that loses more than guardFeeds and more than a quarter of its feeds at once is more likely broken than meant:
// it is held until guardLooks looks in a row have found the same.
const (
	guardFeeds = 5
	guardShare = 4
	guardLooks = 3
)

func shrunk(dropped, of int) bool {
	return dropped > 0 && (dropped == of || dropped > guardFeeds && dropped*guardShare > of)
}

// held is a list that is not in force yet.
type held struct {
	Looks   int  `json:"looks"`
	Dropped int  `json:"dropped"`
	List    list `json:"list"`
}

const heldKey = "held"

func loadHeld(st sources.State) (h held, err error) {
	b, ok, err := st.Get(heldKey)
	if err != nil || !ok {
		return h, err
	}
	if err := json.Unmarshal(b, &h); err != nil {
		return held{}, fmt.Errorf("read the list that is held: %w", err)
	}
	return h, nil
}

func (h held) save(st sources.State) error {
	b, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("write the list that is held: %w", err)
	}
	st.Set(heldKey, b)
	return nil
}
