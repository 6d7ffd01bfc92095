//go:build !unix

package embedded

// syncDir has nothing to do where directories cannot be synced.
func syncDir(string) error { return nil }
