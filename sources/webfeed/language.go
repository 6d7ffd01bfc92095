package webfeed

import "strings"

// language is the first that can be a BCP 47 tag, in its usual spelling.
func language(candidates ...string) string {
	for _, l := range candidates {
		l, _, _ = strings.Cut(strings.ReplaceAll(strings.TrimSpace(l), "_", "-"), ".") // "de_DE.UTF-8"
		if len(l) < 2 || len(l) > 35 || strings.Trim(strings.ToLower(l), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			continue
		}
		parts := strings.Split(strings.ToLower(l), "-")
		if tag := languageNames[parts[0]]; tag != "" {
			return tag
		}
		if len(parts[0]) > 3 {
			continue // no tag: they say "en-us" or a name of the language
		}
		for i := 1; i < len(parts); i++ {
			switch len(parts[i]) {
			case 2:
				parts[i] = strings.ToUpper(parts[i])
			case 4:
				parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
			}
		}
		return strings.Join(parts, "-")
	}
	return ""
}

// languageNames are what is written instead of a tag.
var languageNames = map[string]string{
	"english": "en", "german": "de", "deutsch": "de", "french": "fr", "francais": "fr", "spanish": "es", "espanol": "es", "italian": "it", "italiano": "it",
	"portuguese": "pt", "russian": "ru", "chinese": "zh", "japanese": "ja", "korean": "ko", "dutch": "nl", "arabic": "ar", "eng": "en", "ger": "de",
	"deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "rus": "ru", "chi": "zh", "zho": "zh", "jpn": "ja", "kor": "ko",
}

// primary is the first part of a tag.
func primary(tag string) string {
	p, _, _ := strings.Cut(tag, "-")
	return p
}
