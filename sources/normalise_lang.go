package sources

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

// languageTag is the canonical BCP 47 form ("zh_CN" is "zh-CN"), or "" for what is no language.
func languageTag(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 35 {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return ""
	}
	if base, confidence := tag.Base(); confidence != language.Exact || base.String() == "und" {
		return ""
	}
	return tag.String()
}

// guessLanguage tells the language of a text by its letters where the script settles it: Chinese, Japanese, Korean.
// Others share their script with too many.
func guessLanguage(texts ...string) string {
	var han, kana, hangul, other int
	for _, s := range texts {
		for _, r := range s {
			switch {
			case r < 0x80:
				if r|0x20 >= 'a' && r|0x20 <= 'z' {
					other++
				}
			case r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf:
				han++
			case r >= 0x3041 && r <= 0x30ff && r != '・' && r != 'ー':
				kana++
			case r >= 0xac00 && r <= 0xd7a3:
				hangul++
			case unicode.IsLetter(r):
				other++
			}
		}
	}
	// A Latin word is some five letters, a Han word about two: names and codes do not make Chinese news English.
	switch cjk := han + kana + hangul; {
	case cjk < 4 || 3*cjk < other:
		return ""
	case hangul > han+kana:
		return "ko"
	case kana*10 > cjk:
		return "ja"
	case han*2 > cjk:
		return "zh"
	}
	return ""
}
