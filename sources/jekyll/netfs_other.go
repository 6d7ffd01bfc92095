//go:build !linux

package jekyll

// networkFS cannot tell on this system.
func networkFS(string) string { return "" }
