package jekyll

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/sources/internal/bounded"
	"feedmill/sources/internal/postdir"
)

const (
	configName = "_config.yml"
	// maxConfig is the largest configuration or data file that is read, in bytes.
	maxConfig = 1 << 20
)

// configNames are the files of which Jekyll reads the first that is there.
var configNames = []string{configName, "_config.yaml", "_config.toml"}

// readConfig reads the configuration below root and says in which file it is. A site without one has Jekyll's defaults.
func readConfig(t postdir.Tree) (conf fields, name string, err error) {
	for _, name := range configNames {
		b, err := readSmall(t, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, name, err
		}
		b = []byte(strings.TrimPrefix(string(b), "\ufeff"))
		if path.Ext(name) == ".toml" {
			conf, err = parseTOML(b)
		} else {
			conf, err = parseYAML(b)
		}
		if err != nil {
			line, msg := yamlLine(err)
			return nil, name, fmt.Errorf("%s:%d: not %s: %s: mend it", name, line, language[path.Ext(name)], msg)
		}
		return conf, name, nil
	}
	return nil, configName, nil
}

var language = map[string]string{".yml": "YAML", ".yaml": "YAML", ".toml": "TOML"}

// parseTOML reads a configuration in TOML as if it were written in YAML. The keys of a table are in the order of the alphabet,
// because the parser does not keep that of the file; it has no lines either.
func parseTOML(b []byte) (fields, error) {
	m, err := bounded.TOML(b)
	if err != nil {
		return nil, err
	}
	c := converter{left: maxNodes}
	v, err := c.toml(m, 0)
	return v.fields, err
}

// toml converts a value. A string is one whatever it looks like, as one in quotes is in YAML.
func (c *converter) toml(v any, depth int) (value, error) {
	if c.left--; c.left < 0 || depth > maxDepth {
		return value{}, errTooBig
	}
	switch v := v.(type) {
	case map[string]any:
		out := value{kind: mapping}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			e, err := c.toml(v[key], depth+1)
			if err != nil {
				return value{}, err
			}
			out.fields = append(out.fields, field{key, e})
		}
		return out, nil
	case []any:
		out := value{kind: list}
		for _, e := range v {
			item, err := c.toml(e, depth+1)
			if err != nil {
				return value{}, err
			}
			out.list = append(out.list, item)
		}
		return out, nil
	case string:
		return scalar(v, false, 0), nil
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return scalar(s, true, 0), nil
	case time.Time:
		return scalar(v.Format("2006-01-02 15:04:05.999999999 -07:00"), true, 0), nil
	}
	return scalar(fmt.Sprint(v), true, 0), nil // numbers, booleans, and dates without zone, which YAML writes alike
}
