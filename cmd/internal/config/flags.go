package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Flags are the settings of the file that are also flags (with "-" for "_") and environment variables
// (FEEDMILL_BASE_URL, or FEEDMILL_BASE_URL_FILE for the name of a file that holds the value).
var Flags = []string{"base_url", "title", "description", "language", "timezone", "store", "listen", "admin", "items", "max_age"}

// Doc is one line for people about a key of the file's top level.
func Doc(name string) string {
	f, _ := find(fieldsOf(&file{}), name)
	return f.doc
}

// Flag looks for a setting outside the file: the flag if it was given, else FEEDMILL_NAME, else the file that
// FEEDMILL_NAME_FILE names. ok is false when it is nowhere. from is where it was found, for messages.
func Flag(name, flag string, given bool, env func(string) (string, bool)) (value, from string, ok bool, err error) {
	if given {
		return flag, "--" + strings.ReplaceAll(name, "_", "-"), true, nil
	}
	if env == nil {
		return "", "", false, nil
	}
	key := "FEEDMILL_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	value, direct := env(key)
	file, byFile := env(key + "_FILE")
	switch {
	case direct && byFile:
		return "", "", false, fmt.Errorf("%s and %s_FILE are both set; unset one of them", key, key)
	case direct:
		return value, key, true, nil
	case byFile:
		if value, err = readSecret(file); err != nil {
			return "", "", false, fmt.Errorf("%s_FILE: %w", key, err)
		}
		return value, key + "_FILE", true, nil
	}
	return "", "", false, nil
}

// Override puts flags and environment over what the file says: flag, then environment, then file. flag returns the
// value of a flag by the name in [Flags] and whether it was given on the command line; nil means that none was.
// Relative paths in them are relative to the working directory.
func (c *Config) Override(flag func(name string) (string, bool), env func(string) (string, bool)) error {
	for _, name := range Flags {
		var text string
		var given bool
		if flag != nil {
			text, given = flag(name)
		}
		value, from, ok, err := Flag(name, text, given, env)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := c.override(name, value); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	return c.conflict()
}

func (c *Config) override(name, value string) error {
	f := file{}
	fld, _ := find(fieldsOf(&f), name)
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if name == "items" {
		n.Tag = "!!int"
	}
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, n}}
	if err := m.Load(&f, yaml.WithKnownFields()); err != nil {
		return fmt.Errorf("want %s, got %q", wanted(fld.typ), value)
	}
	switch name {
	case "title":
		c.Title = f.Title
	case "description":
		c.Description = f.Description
	case "store":
		if err := checkStore(f.Store); err != nil {
			return err
		}
		c.Store = f.Store
		if path, ok := strings.CutPrefix(f.Store, "bolt:"); ok {
			c.Store = "bolt:" + filepath.Clean(path)
		}
	default:
		before := c.zone()
		if err := c.set(&f, name); err != nil {
			return fmt.Errorf("%w, got %q", err, value)
		}
		for i := range c.Sources {
			if before != c.zone() {
				c.Sources[i].Fingerprint = c.Sources[i].fingerprint(c)
			}
		}
	}
	return nil
}

func (c *Config) zone() string {
	if c.Zone == nil {
		return ""
	}
	return c.Zone.String()
}

// conflict finds settings that are right alone but not together.
func (c *Config) conflict() error {
	if c.Listen == c.Admin && !strings.HasSuffix(c.Listen, ":0") {
		return fmt.Errorf("listen and admin are both %s; the admin listener needs an address of its own, or off", c.Admin)
	}
	return nil
}
