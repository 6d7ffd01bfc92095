// Package postdir brings in the posts of a site whose posts are files: it lists them, reads those that changed, and
// knows which file is which post from one fetch to the next. What Jekyll or Hugo make of a file it asks a [Site].
//
// Two small contracts meet here. A [Tree] holds the files: a directory on disk ([OpenDisk]), or a commit of a
// repository. A [Generator] knows a kind of site: which files are posts and what is in them. Any generator works over
// any tree, so a new one of either is one package.
//
// An [Engine] does the work of one source; a [Source] is an Engine over a directory that is watched. A kind for a
// directory is a [Generator] and a call of [NewSource]:
//
//	New: func(cfg sources.Config, env sources.Env) (sources.Source, error) {
//		return postdir.NewSource(dir, Generator, settings, env, Kind.Interval), nil
//	}
//
// A kind for something else that holds files keeps an Engine, and for each fetch opens a Tree and calls
// [Engine.Fetch] with what it knows to have changed, or nil.
//
// # What is read again
//
// A file is read if its mark or size is not that of its stamp (see [Tree.Mark]), and decoded if its bytes are not. All
// posts are decoded again when [Site.Shape] changes, those that use shared files also when [Site.Around] does, and those
// that looked for single files (see [File]) when one of these comes, changes or goes: posts are known by their names and
// what they need stands under "u/", other files by their paths and what they look like stands in the stamp.
//
// # Who a post is
//
// Its key is its path, or what the generator says (a guid). A new file that has the bytes of one that is gone, or that a
// diff names as its new place, takes over its identity.
//
// # State
//
// "f/PATH" holds the stamp of a file, "k/KEY" the path of the post with that key of its own, "t/NOTE" a note of
// [Site.Notes], "u/PATH" the names that a post looked for, "scanned" is set with the first complete look.
package postdir
