package dates

import (
	"regexp"
	"strings"
	"time"
)

// How says how a date was stated.
type How int

const (
	// Absolute is a date that means the same whenever it is read.
	Absolute How = iota
	// Inferred is a date without a year, or without a day: the latest one that is not ahead was taken.
	Inferred
	// Relative is a distance from now: the text moves although the date does not.
	Relative
)

// maxText bounds the text in which a date is searched, in bytes.
const maxText = 1 << 10

// Page reads a date as pages show it to people: with words around it, without a year, or as a distance from now, which
// is resolved in the reader's zone. The zero time says that there is none.
func (d Reader) Page(text string, now time.Time) (time.Time, How) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || len(text) > maxText {
		return time.Time{}, Absolute
	}
	if t := d.Parse(text); !t.IsZero() {
		return t, Absolute
	}
	now = now.In(d.zone())
	if t := d.distance(text, now); !t.IsZero() {
		return t, Relative
	}
	for _, m := range within.FindAllString(text, 8) {
		if t := d.Parse(m); !t.IsZero() {
			return t, Absolute
		}
	}
	if t := d.yearless(text, now); !t.IsZero() {
		return t, Inferred
	}
	return time.Time{}, Absolute
}

func (d Reader) zone() *time.Location {
	if d.Zone != nil {
		return d.Zone
	}
	return time.UTC
}

const (
	clockPart = `(?:[T ,，]*(?:上午|下午|晚上|早上|凌晨|中午|午前|午後|오전|오후)? ?\d{1,2}[:：时時点點]\d{1,2}(?:[:：分]\d{1,2}(?:\.\d{1,9})?)?(?:分|秒)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|CST)?(?: ?[+-]\d{2}:?\d{2})?)?)?`
	monthPart = `(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec)\pL*`
)

// within finds a whole date between other words: "Source: Harbour Daily 2026-11-24 09:30 by A. Writer".
var within = regexp.MustCompile(
	`\d{4}(?:年 ?\d{1,2}月 ?\d{1,2}[日号]|[-/.]\d{1,2}[-/.]\d{1,2})` + clockPart +
		`|\b\d{1,2}(?:st|nd|rd|th|\.)? (?:de )?\pL{3,12}\.?,? (?:de )?\d{4}` + clockPart +
		`|\b` + monthPart + `\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}` + clockPart +
		`|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b` + clockPart)

var (
	monthDay  = regexp.MustCompile(`(?:^|[^\d\-/.])(\d{1,2})(?:月 ?|[-/])(\d{1,2})(?:[日号]|\b)[T ,，]*((?:上午|下午|晚上)? ?\d{1,2}[:：]\d{1,2}(?:[:：]\d{1,2})?)?`)
	namedDay  = regexp.MustCompile(`\b(` + monthPart + `)\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? +(?:at )?(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?))?(?:\W|$)`)
	dayNamed  = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th|\.)? (` + monthPart + `)\.?(?:,? +(?:at )?(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?))?(?:\W|$)`)
	clockOnly = regexp.MustCompile(`^\d{1,2}[:：]\d{2}(?:[:：]\d{2})?$`)
)

// yearless reads "11-24 09:30", "11月24日", "Nov 24" and "09:30": the latest such time that is not ahead. A day's slack
// lets the clocks of two zones differ.
func (d Reader) yearless(text string, now time.Time) time.Time {
	if clockOnly.MatchString(text) {
		t := d.Parse(now.Format(time.DateOnly) + " " + text)
		if t.After(now.Add(time.Minute)) {
			t = t.AddDate(0, 0, -1)
		}
		return t
	}
	month, day, clock := 0, 0, ""
	if m := monthDay.FindStringSubmatch(text); m != nil {
		month, day, clock = number(m[1]), number(m[2]), m[3]
	} else if m := namedDay.FindStringSubmatch(text); m != nil {
		month, day, clock = monthNumber(m[1]), number(m[2]), m[3]
	} else if m := dayNamed.FindStringSubmatch(text); m != nil {
		month, day, clock = monthNumber(m[2]), number(m[1]), m[3]
	}
	if month == 0 || month > 12 || day == 0 || day > 31 {
		return time.Time{}
	}
	for year := now.Year() + 1; year > now.Year()-5; year-- { // five years hold a 29 February
		stated := time.Date(year, time.Month(month), day, 0, 0, 0, 0, d.zone()).Format(time.DateOnly) + " " + strings.TrimSpace(clock)
		t := d.Parse(strings.TrimSpace(stated))
		if t.IsZero() || int(t.Month()) != month || t.Day() != day {
			continue
		}
		if !t.After(now) {
			return t
		}
	}
	return time.Time{}
}

// unit is a word for a stretch of time in the languages that put it behind the number.
var unit = map[string]time.Duration{
	"秒": time.Second, "秒钟": time.Second, "秒鐘": time.Second, "초": time.Second,
	"分": time.Minute, "分钟": time.Minute, "分鐘": time.Minute, "분": time.Minute,
	"小时": time.Hour, "小時": time.Hour, "个小时": time.Hour, "個小時": time.Hour, "时": time.Hour, "時間": time.Hour, "시간": time.Hour,
	"天": aDay, "日": aDay, "일": aDay,
	"周": aWeek, "週": aWeek, "星期": aWeek, "个星期": aWeek, "週間": aWeek, "주": aWeek,
	"月": aMonth, "个月": aMonth, "個月": aMonth, "か月": aMonth, "ヶ月": aMonth, "개월": aMonth,
	"年": aYear, "년": aYear,

	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": aDay, "day": aDay, "days": aDay, "w": aWeek, "week": aWeek, "weeks": aWeek, "mo": aMonth, "month": aMonth, "months": aMonth,
	"y": aYear, "yr": aYear, "yrs": aYear, "year": aYear, "years": aYear,

	"seconde": time.Second, "secondes": time.Second, "heure": time.Hour, "heures": time.Hour, "jour": aDay, "jours": aDay,
	"semaine": aWeek, "semaines": aWeek, "mois": aMonth, "an": aYear, "ans": aYear,
	"sekunde": time.Second, "sekunden": time.Second, "minuten": time.Minute, "stunde": time.Hour, "stunden": time.Hour,
	"tag": aDay, "tage": aDay, "tagen": aDay, "woche": aWeek, "wochen": aWeek, "monat": aMonth, "monate": aMonth, "monaten": aMonth,
	"jahr": aYear, "jahre": aYear, "jahren": aYear,
	"segundo": time.Second, "segundos": time.Second, "minuto": time.Minute, "minutos": time.Minute, "hora": time.Hour, "horas": time.Hour,
	"día": aDay, "días": aDay, "semana": aWeek, "semanas": aWeek, "mes": aMonth, "meses": aMonth, "año": aYear, "años": aYear,
}

const (
	aDay   = 24 * time.Hour
	aWeek  = 7 * aDay
	aMonth = 30 * aDay
	aYear  = 365 * aDay
)

var one = map[string]int{
	"a": 1, "an": 1, "one": 1, "un": 1, "une": 1, "una": 1, "ein": 1, "eine": 1, "einem": 1, "einer": 1,
	"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}

var (
	ago = regexp.MustCompile(`(?i)(\d{1,4}|\ban?|\bone|[一两二三四五六七八九十]) ?(个?半?小时|[个個]小時|[个個か]?月|[分秒][钟鐘]?|小時|时|時間|[天日周週年]|个?星期|週間|ヶ月|개월|시간|[초분일주년]|[a-z]+) ?(?:之?前|以前|전|ago\b)`)
	// before are the languages that put "ago" in front of the number.
	before  = regexp.MustCompile(`(?i)(?:^|\W)(?:il y a|vor|hace) (\d{1,4}|une?|eine[mr]?|una?) (\pL+)`)
	justNow = regexp.MustCompile(`(?i)刚刚|剛剛|刚才|たった今|방금|\bjust now\b|\bmoments? ago\b|^now$|à l'instant|gerade eben`)
	dayWord = regexp.MustCompile(`(?i)(今天|今日|昨天|昨日|前天|大前天|오늘|어제|그제|\btoday|\byesterday|\bhier|\baujourd'hui|\bheute|\bgestern|\bvorgestern|\bhoy|\bayer)\b?[ ,，T]*(?:at |à |um )?((?:上午|下午|晚上|早上|凌晨)? ?\d{1,2}[:：时]\d{1,2}(?:[:：]\d{1,2})?(?: ?[AaPp][Mm])?)?`)
)

var daysBack = map[string]int{
	"今天": 0, "今日": 0, "오늘": 0, "today": 0, "aujourd'hui": 0, "heute": 0, "hoy": 0,
	"昨天": 1, "昨日": 1, "어제": 1, "yesterday": 1, "hier": 1, "gestern": 1, "ayer": 1,
	"前天": 2, "그제": 2, "vorgestern": 2, "大前天": 3,
}

// distance reads "3小时前", "2 hours ago", "yesterday 09:30" and "just now".
func (d Reader) distance(text string, now time.Time) time.Time {
	if justNow.MatchString(text) {
		return now.Truncate(time.Second)
	}
	for _, re := range []*regexp.Regexp{ago, before} {
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		n, word := number(m[1]), strings.ToLower(m[2])
		if n == 0 {
			n = one[strings.ToLower(m[1])]
		}
		if half, ok := strings.CutPrefix(word, "个半"); ok { // "1个半小时前"
			if u := unit[half]; n > 0 && u > 0 {
				return now.Add(-time.Duration(n)*u - u/2).Truncate(time.Second)
			}
		}
		u, known := unit[word]
		if !known || n == 0 && m[1] != "0" {
			continue
		}
		switch u { // months and years have no one length
		case aMonth:
			return sane(now.AddDate(0, -n, 0).Truncate(time.Second))
		case aYear:
			return sane(now.AddDate(-n, 0, 0).Truncate(time.Second))
		}
		return now.Add(-time.Duration(n) * u).Truncate(time.Second)
	}
	if strings.Contains(text, "半小时前") || strings.Contains(text, "半个小时前") {
		return now.Add(-30 * time.Minute).Truncate(time.Second)
	}
	if m := dayWord.FindStringSubmatch(text); m != nil {
		then := now.AddDate(0, 0, -daysBack[strings.ToLower(m[1])])
		t := d.Parse(strings.TrimSpace(then.Format(time.DateOnly) + " " + strings.TrimSpace(m[2])))
		if t.After(now) {
			t = now.Truncate(time.Second)
		}
		return t
	}
	return time.Time{}
}
