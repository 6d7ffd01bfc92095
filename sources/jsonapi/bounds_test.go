package jsonapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itchyny/gojq"

	"feedmill/sources/internal/sitetest"
	"feedmill/sources/sourcetest"
)

// TestProgramsAreBounded: a program that would fill the memory ends in an error before it has, whether it does so step by
// step or in one.
func TestProgramsAreBounded(t *testing.T) {
	if raced {
		t.Skip("fills the memory")
	}
	for _, c := range []struct{ name, items, body, want string }{
		{"a long list", `[range(1e12)]`, `{}`, "more than 32 MiB"},
		{"a list of what the data say", `[range(.n) | tostring]`, `{"n": 1e12}`, "more than 32 MiB"},
		{"a growing text", `reduce range(1e9) as $i (""; . + "more and more ")`, `{}`, "the jq programs"},
		{"a text that doubles", `last(limit(60; "abcdefgh" | recurse(. + .)))`, `{}`, "a text of more than 4 MiB"},
		{"a text that doubles by update", `{a: "abcdefgh"} | last(limit(60; recurse(.a += .a)))`, `{}`, "a text of more than 4 MiB"},
		{"a list that doubles", `[1, 2] | last(limit(60; recurse(. + .)))`, `{}`, "a list of more than 200000 members"},
		{"many times the same text", `[limit(100000; repeat($doc.s))] | add`, `{"s": "` + strings.Repeat("x", 1<<20) + `"}`, "a text of more than 4 MiB"},
		{"the same in another form", `add(limit(100000; repeat($doc.s)))`, `{"s": "` + strings.Repeat("x", 1<<20) + `"}`, "a text of more than 4 MiB"},
		{"nested lists", `reduce range(1e9) as $i ([]; [., $i])`, `{}`, "more than 32 MiB"},
		{"an object of all keys", `reduce range(1e9) as $i ({}; .["k\($i)"] = $i)`, `{}`, "the jq programs"},
		{"combinations", `[[[range(400)], [range(400)], [range(400)]] | combinations]`, `{}`, "the jq programs"},
		{"a text times a number", `.s * .n`, `{"s": "abcdefgh", "n": 200000000}`, "a text of more than 4 MiB"},
		{"a number times a text", `.n * .s`, `{"s": "abcdefgh", "n": 200000000}`, "a text of more than 4 MiB"},
		{"an update by a number", `.s *= .n | .s`, `{"s": "abcdefgh", "n": 200000000}`, "a text of more than 4 MiB"},
		{"inside of other things", `def f: {a: [.s | if . then (try (. * 200000000) catch error) else 1 end]}; f`, `{"s": "abcdefgh"}`, "a text of more than 4 MiB"},
		{"in a text", `"\(.s * 200000000)"`, `{"s": "abcdefgh"}`, "a text of more than 4 MiB"},
		{"a long separator", `[range(10000) | tostring] | join($doc.s)`, `{"s": "` + strings.Repeat("x", 1<<20) + `"}`, "a text of more than 4 MiB"},
		{"a table turned", `[[range(20000)], (range(20000) | [.])] | transpose`, `{}`, "a table of more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.json", c.body)
			config, err := json.Marshal(map[string]string{"jsonapi": "https://outside.example/a.json", "items": c.items})
			if err != nil {
				t.Fatal(err)
			}
			src := open(t, sitetest.New(t, dir), string(config))
			src.(*source).limit = time.Minute
			if c.want == "the jq programs" {
				src.(*source).limit = time.Second // they copy all they have at each step: time ends them, or memory
			}
			grown := sitetest.Grown(func() { _, _, err = fetched(t, src, sourcetest.NewState()) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if t.Logf("%d MB", grown>>20); grown > sitetest.Limit {
				t.Errorf("took %d MB", grown>>20)
			}
		})
	}
}

// TestGuardsChangeNothing: with its guards a program yields what it does without.
func TestGuardsChangeNothing(t *testing.T) {
	for _, text := range []string{
		`[1, 2] | (.[0], 5) * (.[1], 10)`, `{a: {b: 1}} * {a: {c: 2}}`, `"ab" * 3, 3 * "ab"`, `"ab" * 0, "ab" * 0.5, "ab" * 1.5, "ab" * -1`, `{n: 3} | .n *= (2, .n)`,
		`[["a", 1], ["b"]] | transpose`, `[] | transpose, join("-"), add`, `["a", 1, null, true] | join("-", "+")`, `def join(x): "mine"; ["a"] | join(1)`, `5 | transpose`,
		`[limit(3; range(1e9) * 2 + 1)]`, `reduce (1, 2, 3) as $x (1; . * $x + 1)`, `[1, 2] | . as [$a, $b] | $a * $b + $a`, `try ({} * "x") catch .`, `"x" + 1`,
		`2 as $l | 3 as $r | ($r - $l) * $l + $r`, `(1, 2) + (10, 20)`, `null + 1, 1 + null, null + null`, `{a: 1} + {b: 2}`, `[1] + [2, 3]`, `"a" + "b"`, `1.5 + 2, 123456789012345678901234567890 + 1`,
		`{a: [1]} | .a += [2] | .b += 1`, `[.[]?] | add`, `["a", "b"] | add`, `[[1], [2]] | add`, `[{a: 1}, {b: 2}] | add`, `{a: 1, b: 2} | add`, `[1, null, 2] | add`, `add(1, 2, 3)`, `add(empty)`,
		`"\(1 + 1)\("a" * 2)"`, `{("a" + "b"): (1 + 1)}`, `if 1 + 1 == 2 then "y" else "n" end`, `[.[]? + 1]`, `def f(x): x * x + 1; f(3)`, `[range(5)] | map(. * 2 + 1) | .[1 + 1:]`,
		`label $out | (1, 2, 3) | if . * 2 > 3 then ., break $out else . end`, `[paths]`, `.a as {b: $x} ?// $x | [$x] + [1]`, `-(1 + 2) * 3`, `1 as $x | 2 as $y | [$x, $y, $x * $y]`,
	} {
		run := func(code *gojq.Code) (out []string) {
			iter := code.RunWithContext(t.Context(), map[string]any{"a": nil}, "", 0, 0, nil)
			for v, ok := iter.Next(); ok; v, ok = iter.Next() {
				if err, failed := v.(error); failed {
					return append(out, "error: "+err.Error())
				}
				b, err := gojq.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, string(b))
			}
			return out
		}
		query, err := gojq.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		bare, err := gojq.Compile(query, gojq.WithVariables(variables))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		guarded, err := compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, want := run(guarded), run(bare); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", text, got, want)
		}
	}
}
