package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Key is a key of a target and its value, as [AppendTarget] writes it: a text, or a list of texts. Verbatim says that the text
// is YAML on one line and written as it is, ${VAR} and all.
type Key struct {
	Name     string
	Value    string
	List     []string
	Verbatim bool
}

// AppendTarget is the text of a configuration with one more target, and nothing else about it changed: comments, order and
// layout stay. Fails where the section targets is not written as lines (block style), or the text is no configuration.
func AppendTarget(text []byte, name string, list []Key) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Load(text, &doc); err != nil {
		return nil, fmt.Errorf("add a target: %w", err)
	}
	root := &doc
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return nil, errors.New("add a target: the file is not written as lines of the form KEY: VALUE")
	}
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	} else {
		lines[last] += end
	}
	at, indent, head := len(lines), 2, "targets:"
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], root.Content[i+1]
		if k.Value != "targets" {
			continue
		}
		if at = len(lines); i+2 < len(root.Content) {
			at = root.Content[i+2].Line - 1
		}
		// What stands before the next key, blank lines and comments at the margin, belongs to that.
		for at > k.Line && (strings.TrimSpace(lines[at-1]) == "" || strings.HasPrefix(lines[at-1], "#") || strings.HasPrefix(lines[at-1], "...")) {
			at--
		}
		switch {
		case v.Kind == yaml.MappingNode && v.Style&yaml.FlowStyle == 0 && len(v.Content) > 0:
			head, indent = "", v.Content[0].Column-1
		case v.Kind == yaml.MappingNode && len(v.Content) == 0 && v.Line == k.Line && at == k.Line,
			v.Kind == yaml.ScalarNode && v.ShortTag() == "!!null" && at == k.Line:
			lines[k.Line-1] = "targets:" + end
			head = ""
		default:
			return nil, fmt.Errorf("add a target: targets in line %d is not written as lines of its own; write it so, or add the target by hand", k.Line)
		}
		break
	}
	var b strings.Builder
	if head != "" {
		b.WriteString("\n" + head + "\n")
	}
	pad := strings.Repeat(" ", indent)
	fmt.Fprintf(&b, "%s%s:\n", pad, scalar(name))
	for _, k := range list {
		value := plainOrQuoted(k.Value, k.Verbatim)
		if k.List != nil {
			var out []string
			for _, s := range k.List {
				out = append(out, plainOrQuoted(s, k.Verbatim))
			}
			value = "[" + strings.Join(out, ", ") + "]"
		}
		fmt.Fprintf(&b, "%s%s%s: %s\n", pad, strings.Repeat(" ", 2), k.Name, value)
	}
	added := strings.ReplaceAll(b.String(), "\n", end)
	return []byte(strings.Join(lines[:at], "") + added + strings.Join(lines[at:], "")), nil
}

// plainOrQuoted writes a text without quotes where that is safe, in a list, too.
func plainOrQuoted(s string, verbatim bool) string {
	if verbatim {
		return strings.Join(strings.Fields(s), " ")
	}
	n := &yaml.Node{Kind: yaml.ScalarNode}
	n.SetString(strings.ReplaceAll(s, "$", "$$"))
	if strings.ContainsAny(s, "[]{},\r\n") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return flow(n)
}
