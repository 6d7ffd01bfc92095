package liquid

// filterFunc is a filter of this package with the arguments it cannot do without.
type filterFunc struct {
	f   func(r *run, in any, args []any) any
	min int
}

// filters are those of Liquid and Jekyll. The ones that need the site (relative_url, markdownify and others) come with
// the Env.
var filters map[string]filterFunc

func init() { // a filter may evaluate an expression, which looks here
	filters = map[string]filterFunc{}
	for _, group := range []map[string]filterFunc{textFilters, numberFilters, listFilters, dateFilters, jekyllFilters()} {
		for name, f := range group {
			filters[name] = f
		}
	}
}

// arg is an argument, or nil if it was not given.
func arg(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}
