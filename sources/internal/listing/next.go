package listing

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Pages bound how many pages of a list are read: the configured number, DefaultPages, and never more than maxPages.
const (
	DefaultPages = 5
	maxPages     = 100
)

// CheckPages checks the key pages.
func CheckPages(pages int) error {
	if pages < 0 || pages > maxPages {
		return fmt.Errorf("pages: want 1 to %d", maxPages)
	}
	return nil
}

// Template is the address of the next page with a number in it: {page} counts 2, 3, …; {index} counts 1, 2, …; {offset} is
// how many items came before.
type Template string

var counters = []string{"{page}", "{index}", "{offset}"}

// IsTemplate says that a value of the key next is an address and not the way to one.
func IsTemplate(s string) bool {
	for _, start := range []string{"http://", "https://", "/", "?"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

// Check says what is wrong with a template.
func (t Template) Check() error {
	for _, c := range counters {
		if strings.Contains(string(t), c) {
			if _, err := url.Parse(t.Address(2, 1)); err != nil {
				return errors.New("next: not an address; write it as the site does, with {page} for the number")
			}
			return nil
		}
	}
	return fmt.Errorf("next: the address of each page has its number in it; write one of %s there", strings.Join(counters, ", "))
}

// Address is that of a page, counted from 1, before which there are offset items.
func (t Template) Address(number, offset int) string {
	return strings.NewReplacer("{page}", strconv.Itoa(number), "{index}", strconv.Itoa(number-1), "{offset}", strconv.Itoa(offset)).Replace(string(t))
}
