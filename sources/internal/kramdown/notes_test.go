package kramdown

import "testing"

// TestNotes: what is left as it is written is said.
func TestNotes(t *testing.T) {
	for in, want := range map[string]Note{
		"a\n\n{::unknown}\nb\n{:/}\n":           {3, "{::unknown} is not known to kramdown"},
		"a\n\n{::comment}\nb\n":                 {3, "{::comment} has no end"},
		"a\n\n{:/}\n":                           {3, "{:/} ends nothing"},
		"a\n{: ???}\n":                          {2, "an attribute list has nothing that could be understood"},
		"{::options html_to_native=\"true\" /}": {1, "the option html_to_native of kramdown is not supported, or its value is not"},
		"a {::unknown/} b":                      {0, "{::unknown} is not known to kramdown"},
	} {
		_, notes, err := Jekyll().Convert(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(notes) == 0 || notes[0] != want {
			t.Errorf("%q: %v, want %v", in, notes, want)
		}
	}
	if _, notes, _ := Jekyll().Convert("# 标题\n\n*a* {: .b}\n\n| c |\n"); len(notes) > 0 {
		t.Errorf("nothing to note, and there is %v", notes)
	}
}
