package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// forHugo copies posts with their labels as YAML lists, which is the only form Hugo knows.
func forHugo(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		lines := strings.SplitN(string(b), "\n", 8)
		for i, line := range lines[:min(len(lines), 7)] {
			for _, key := range []string{"categories: ", "tags: "} {
				if label, ok := strings.CutPrefix(line, key); ok {
					lines[i] = fmt.Sprintf("%s[%q]", key, label)
				}
			}
			if date, ok := strings.CutPrefix(line, "date: "); ok {
				lines[i] = "date: " + strings.Replace(strings.Replace(date, " ", "T", 1), " +0800", "+08:00", 1)
			}
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			return err
		}
	}
	return nil
}
