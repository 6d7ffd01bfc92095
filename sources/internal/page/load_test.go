package page

import "go.yaml.in/yaml/v4"

func load(text string, v any) error { return yaml.Load([]byte(text), v) }
