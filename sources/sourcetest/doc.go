// Package sourcetest holds a source to the contract of package sources. A kind joins with one call:
//
//	func TestSource(t *testing.T) {
//		sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
//			dir := t.TempDir()
//			write(t, dir, "a.md", "b.md")
//			return sourcetest.Outside{
//				New:    func() sources.Source { return open(dir) },
//				Change: func() { write(t, dir, "c.md") },
//				Break:  func() { os.RemoveAll(dir) },
//			}
//		})
//	}
//
// [Golden] turns every folder testdata/NAME with an input and a want.json into a test. [State], [Sink] and [Fetch] are
// what the suite is made of, for the tests of a kind that need more.
package sourcetest
