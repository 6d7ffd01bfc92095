package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxRefs bounds what a server may say of its branches, in bytes.
const maxRefs = 4 << 20

// remoteTip asks the server for the newest commit of the branch.
func (r *Repo) remoteTip(ctx context.Context) (id, branch string, err error) {
	ask := func(patterns ...string) (refs remoteRefs, err error) {
		args := append([]string{"ls-remote", "--quiet", "--symref", "--", r.o.Address.git()}, patterns...)
		c := call{args: args, outside: true, read: func(out *bufio.Reader) error {
			text, err := readAll(out, maxRefs)
			refs = parseRefs(text)
			return err
		}}
		if r.o.Address.path != "" {
			c.config = nil
		}
		return refs, r.online(ctx, c)
	}
	if r.o.Branch != "" {
		refs, err := ask("refs/heads/" + r.o.Branch)
		if err != nil {
			return "", "", err
		}
		if id := refs.ids["refs/heads/"+r.o.Branch]; id != "" {
			return id, r.o.Branch, nil
		}
		return "", "", r.noBranch(ask)
	}
	refs, err := ask("HEAD")
	if err != nil {
		return "", "", err
	}
	branch, ok := strings.CutPrefix(refs.head, "refs/heads/")
	if id := refs.ids["HEAD"]; id != "" && ok {
		return id, branch, nil
	}
	return "", "", r.noBranch(ask)
}

// noBranch tells which branches there are instead.
func (r *Repo) noBranch(ask func(...string) (remoteRefs, error)) error {
	refs, err := ask("refs/heads/*")
	if err != nil {
		return err
	}
	var names []string
	for name := range refs.ids {
		if b, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			names = append(names, b)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return ErrEmpty
	}
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	there := strings.Join(names, ", ")
	if r.o.Branch == "" {
		return fmt.Errorf("%w: the server does not say which one is meant; set branch to one of %s", ErrNoBranch, there)
	}
	return fmt.Errorf("%w: %s; there are: %s", ErrNoBranch, r.o.Branch, there)
}

// remoteRefs is what ls-remote writes.
type remoteRefs struct {
	// head is what the server's HEAD stands for; empty if it does not say.
	head string
	// ids are commits by the full names of refs.
	ids map[string]string
}

// parseRefs reads the output of `git ls-remote --symref`.
func parseRefs(text string) remoteRefs {
	refs := remoteRefs{ids: map[string]string{}}
	for line := range strings.Lines(text) {
		left, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		if target, ok := strings.CutPrefix(left, "ref: "); ok {
			if name == "HEAD" {
				refs.head = target
			}
			continue
		}
		if isID(left) {
			refs.ids[name] = left
		}
	}
	return refs
}

// isID reports whether a text is a full object name, of either hash.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// CheckBranch says what is wrong with a branch name (git-check-ref-format(1)).
func CheckBranch(name string) error {
	bad := errors.New("not the name of a branch; write it as git branch shows it, such as main")
	if len(name) > 200 || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") ||
		strings.HasSuffix(name, ".") || strings.Contains(name, "..") || strings.Contains(name, "//") || strings.Contains(name, "@{") || name == "@" {
		return bad
	}
	if strings.HasPrefix(name, "refs/") {
		return errors.New("write the branch without refs/heads/")
	}
	for _, r := range name {
		if r <= 0x20 || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) {
			return bad
		}
	}
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return bad
		}
	}
	return nil
}
