package pushtest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// The one bot and the one group that [Telegram] knows, and the number that the group had before it became a supergroup.
const (
	TelegramToken = "123456789:fake-token-of-a-bot-0000000000"
	TelegramChat  = "-1001234567890"
	TelegramOld   = "-1234567890"
)

// Telegram is a fake of the Bot API: 20 messages a minute to a group, HTML as it reads it, and edits.
func Telegram(now func() time.Time) *Fake {
	fail := func(status int, words, more string) Reply {
		return asJSON(status, fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q%s}`, status, words, more))
	}
	over := fail(429, "Too Many Requests: retry after 35", `,"parameters":{"retry_after":35}`)
	over.Wait = 35 * time.Second
	return NewFake(Platform{
		Name:  "telegram",
		Rates: []push.Rate{{Count: 20, Per: time.Minute}},
		Over:  over,
		Judge: func(r *http.Request, body []byte) *Reply {
			bad := func(status int, words string) *Reply { reply := fail(status, words, ""); return &reply }
			method, ok := strings.CutPrefix(r.URL.Path, "/bot"+TelegramToken+"/")
			if !ok {
				return bad(401, "Unauthorized")
			}
			if method != "sendMessage" && method != "editMessageText" {
				return bad(404, "Not Found")
			}
			var m struct {
				Chat string `json:"chat_id"`
				Text string `json:"text"`
				Mode string `json:"parse_mode"`
				ID   int    `json:"message_id"`
			}
			if json.Unmarshal(body, &m) != nil {
				return bad(400, "Bad Request: can't parse JSON")
			}
			if m.Chat == TelegramOld {
				reply := fail(400, "Bad Request: group chat was upgraded to a supergroup chat", `,"parameters":{"migrate_to_chat_id":`+TelegramChat+`}`)
				return &reply
			}
			if m.Chat != TelegramChat {
				return bad(400, "Bad Request: chat not found")
			}
			text := m.Text
			pieces := 0
			if m.Mode == "HTML" {
				var err error
				if text, pieces, err = telegramText(m.Text); err != nil {
					return bad(400, "Bad Request: can't parse entities: "+err.Error())
				}
			}
			switch {
			case pieces > 100: // Telegram takes it, and drops the links beyond
				return bad(400, "Bad Request: links would get lost")
			case m.Mode != "" && push.Units(m.Text) > 9500:
				return bad(400, "Bad Request: ENTITIES_TOO_LONG")
			case strings.TrimSpace(text) == "":
				return bad(400, "Bad Request: message text is empty")
			case push.Units(text) > 4096:
				return bad(400, "Bad Request: message is too long")
			case method == "editMessageText" && m.ID == 0:
				return bad(400, "Bad Request: message identifier is not specified")
			}
			return nil
		},
		OK: func(n int, _ *http.Request) Reply {
			return asJSON(200, fmt.Sprintf(`{"ok":true,"result":{"message_id":%d,"chat":{"id":%s}}}`, n+1, TelegramChat))
		},
		Edits: func(r *http.Request, body []byte) int {
			var m struct {
				ID int `json:"message_id"`
			}
			if json.Unmarshal(body, &m) != nil {
				return -1
			}
			return m.ID - 1
		},
		Credential: func(*http.Request) string { return TelegramChat },
		Answers: map[Mode]Reply{
			Limited:  over,
			Gone:     fail(403, "Forbidden: bot was kicked from the supergroup chat", ""),
			Blocked:  fail(400, "Bad Request: not enough rights to send text messages to the chat", ""),
			Refusing: fail(400, "Bad Request: can't parse entities: Unsupported start tag", ""),
			Busy:     fail(500, "Internal Server Error", ""),
		},
	}, now)
}

// telegramTags are those that parse_mode HTML knows (https://core.telegram.org/bots/api#html-style).
var telegramTags = []string{"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "a", "code", "pre", "blockquote"}

// telegramText is what is seen of HTML and how many pieces have markup, or why it is none.
func telegramText(s string) (seen string, pieces int, err error) {
	dec := xml.NewDecoder(strings.NewReader("<x>" + s + "</x>"))
	var text strings.Builder
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return text.String(), pieces - 1, nil
		}
		if err != nil {
			return "", 0, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if tok.Name.Local != "x" && !slices.Contains(telegramTags, tok.Name.Local) {
				return "", 0, fmt.Errorf("unsupported start tag %q", tok.Name.Local)
			}
			pieces++ // and the x around all
		case xml.CharData:
			text.Write(tok)
		case xml.EndElement:
		default:
			return "", 0, errors.New("unsupported markup")
		}
	}
}
