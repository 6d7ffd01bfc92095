package cache

import (
	"regexp"
	"testing"
)

// TestMintID pins the IDs that subscribers know: a feedmill that mints others repeats every post to everybody.
func TestMintID(t *testing.T) {
	for _, c := range []struct {
		source, key, wish string
		taken             bool
		want              string
	}{
		{"news", "_posts/2020-01-02-a.md", "", false, "urn:uuid:bf6c7530-9f0c-895b-a8d8-bb0fc439dc2a"},
		{"news", "_posts/2020-01-02-a.md", "", true, "urn:uuid:bf6c7530-9f0c-895b-a8d8-bb0fc439dc2a#e9c5cfd8"},
		{"news", "_posts/2020-01-02-a.md", "https://old.example/a", false, "https://old.example/a"},
		{"news", "_posts/2020-01-02-a.md", "https://old.example/a", true, "https://old.example/a#e9c5cfd8"},
	} {
		if got := MintID(c.source, c.key, c.wish, c.taken); got != c.want {
			t.Errorf("MintID(%q, %q, %q, %v) = %q, want %q", c.source, c.key, c.wish, c.taken, got, c.want)
		}
	}
}

// TestMintedForm wants what RFC 9562 §5.8 says of a version 8 UUID, as a URN (§4).
func TestMintedForm(t *testing.T) {
	form := regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]string{}
	for _, source := range []string{"a", "b", ""} {
		for _, key := range []string{"k", "l", "金融", ""} {
			id := MintID(source, key, "", false)
			if !form.MatchString(id) {
				t.Errorf("%q", id)
			}
			if other, ok := seen[id]; ok {
				t.Errorf("%q/%q and %s have one ID", source, key, other)
			}
			seen[id] = source + "/" + key
		}
	}
}

func TestFingerprint(t *testing.T) {
	// Stores keep it: another function would reshape every item. XXH64 of nothing and of "a", seed 0.
	if Fingerprint(nil) != 0xef46db3751d8e999 || Fingerprint([]byte("a")) != 0xd24ec4f1a98c6e5b {
		t.Errorf("%x, %x", Fingerprint(nil), Fingerprint([]byte("a")))
	}
}
