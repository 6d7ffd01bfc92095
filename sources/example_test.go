package sources_test

import (
	"context"
	"fmt"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

// greetings is the smallest complete source: it maps what is outside (here a list) to changes and does nothing else.
type greetings struct{ list []string }

// Fetch emits everything there is and says so: the Manager finds what is gone.
func (g greetings) Fetch(ctx context.Context, _ sources.State, out sources.Sink) (sources.Result, error) {
	for _, text := range g.list {
		if err := ctx.Err(); err != nil {
			return sources.Result{}, fmt.Errorf("fetch greetings: %w", err)
		}
		change := feeds.Change{Key: text, Item: &feeds.Item{Title: text, Content: "<p>" + text + "<script>x()</script>"}}
		if err := out.Emit(change); err != nil {
			return sources.Result{}, err
		}
	}
	return sources.Result{Complete: true}, nil
}

func Example() {
	state := sourcetest.NewState()
	sink := sourcetest.NewSink(state)
	result, err := sourcetest.Fetch(context.Background(), greetings{[]string{"good morning", "早上好"}}, state, sink)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range sink.Changes {
		fmt.Println(c.Item.Title, "|", c.Item.Content)
	}
	fmt.Println("complete:", result.Complete)
	// Output:
	// good morning | <p>good morning</p>
	// 早上好 | <p>早上好</p>
	// complete: true
}
