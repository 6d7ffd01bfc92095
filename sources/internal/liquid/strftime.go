package liquid

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// strftime writes a time as Ruby's Time#strftime (https://docs.ruby-lang.org/en/3.1/strftime_formatting_rdoc.html). The
// library osteele/tuesday does the same, but takes widths of any size and only one flag.
func strftime(t time.Time, format string, limit int) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		d := directive{width: -1}
		j := i + 1
		for j < len(format) && strings.IndexByte("-0^#_:", format[j]) >= 0 {
			switch c := format[j]; c {
			case '-', '0', '_':
				d.pad = c
			case '^':
				d.upper = true
			case '#':
				d.swap = true
			case ':':
				d.colons++
			}
			j++
		}
		digits := j
		for j < len(format) && format[j] >= '0' && format[j] <= '9' {
			j++
		}
		if j > digits {
			n, err := strconv.Atoi(format[digits:j])
			if err != nil || n > 1024 {
				n = 1024
			}
			d.width = n
		}
		if j < len(format)-1 && (format[j] == 'E' || format[j] == 'O') {
			j++
		}
		if j == len(format) {
			b.WriteString(format[i:])
			break
		}
		s, ok := d.write(t, format[j])
		if !ok {
			s = format[i : j+1]
		}
		b.WriteString(s)
		if b.Len() > limit {
			break
		}
		i = j
	}
	return b.String()
}

// directive is one %-sequence.
type directive struct {
	pad         byte // of its flags: - for none, 0 or _; 0 for the usual one
	upper, swap bool
	colons      int
	width       int // -1 if there is none
}

// number writes a number with its usual padding.
func (d directive) number(n, width int, pad byte) string {
	if d.pad == '-' {
		return strconv.Itoa(n)
	}
	if d.pad == '0' || d.pad == '_' {
		pad = d.pad
	}
	if d.width >= 0 {
		width = d.width
	}
	if pad == '_' {
		return fmt.Sprintf("%*d", width, n)
	}
	return fmt.Sprintf("%0*d", width, n)
}

func (d directive) text(s string) string {
	if d.upper || d.swap {
		s = strings.ToUpper(s)
	}
	if n := d.width - len(s); n > 0 && d.pad != '-' {
		pad := " "
		if d.pad == '0' {
			pad = "0"
		}
		s = strings.Repeat(pad, n) + s
	}
	return s
}

func (d directive) write(t time.Time, c byte) (string, bool) {
	isoYear, isoWeek := t.ISOWeek()
	switch c {
	case 'Y':
		if y := t.Year(); y < 0 {
			return d.number(y, 5, '0'), true
		}
		return d.number(t.Year(), 4, '0'), true
	case 'C':
		return d.number(t.Year()/100, 2, '0'), true
	case 'y':
		return d.number(t.Year()%100, 2, '0'), true
	case 'm':
		return d.number(int(t.Month()), 2, '0'), true
	case 'B':
		return d.text(t.Month().String()), true
	case 'b', 'h':
		return d.text(t.Month().String()[:3]), true
	case 'd':
		return d.number(t.Day(), 2, '0'), true
	case 'e':
		return d.number(t.Day(), 2, '_'), true
	case 'j':
		return d.number(t.YearDay(), 3, '0'), true
	case 'H':
		return d.number(t.Hour(), 2, '0'), true
	case 'k':
		return d.number(t.Hour(), 2, '_'), true
	case 'I':
		return d.number((t.Hour()+11)%12+1, 2, '0'), true
	case 'l':
		return d.number((t.Hour()+11)%12+1, 2, '_'), true
	case 'M':
		return d.number(t.Minute(), 2, '0'), true
	case 'S':
		return d.number(t.Second(), 2, '0'), true
	case 'L', 'N':
		width := d.width
		if width <= 0 {
			width = map[byte]int{'L': 3, 'N': 9}[c]
		}
		digits := fmt.Sprintf("%09d", t.Nanosecond())
		if width > 9 {
			digits += strings.Repeat("0", width-9)
		}
		return digits[:width], true
	case 'p':
		s := strings.ToUpper(t.Format("pm"))
		if d.swap {
			s = strings.ToLower(s)
			d.swap = false
		}
		return d.text(s), true
	case 'P':
		return d.text(t.Format("pm")), true
	case 'z':
		return d.zone(t), true
	case 'Z':
		name, _ := t.Zone()
		if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
			name = ""
		}
		if d.swap {
			name, d.swap = strings.ToLower(name), false
		}
		return d.text(name), true
	case 'A':
		return d.text(t.Weekday().String()), true
	case 'a':
		return d.text(t.Weekday().String()[:3]), true
	case 'u':
		return d.number((int(t.Weekday())+6)%7+1, 1, '0'), true
	case 'w':
		return d.number(int(t.Weekday()), 1, '0'), true
	case 'G':
		return d.number(isoYear, 4, '0'), true
	case 'g':
		return d.number(isoYear%100, 2, '0'), true
	case 'V':
		return d.number(isoWeek, 2, '0'), true
	case 'U':
		return d.number((t.YearDay()+6-int(t.Weekday()))/7, 2, '0'), true
	case 'W':
		return d.number((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2, '0'), true
	case 's':
		return d.number(int(t.Unix()), 1, '0'), true
	case 'n':
		return d.text("\n"), true
	case 't':
		return d.text("\t"), true
	case '%':
		return d.text("%"), true
	}
	if composite, ok := composites[c]; ok {
		return d.text(strftime(t, composite, 1000)), true
	}
	return "", false
}

var composites = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y",
	'D': "%m/%d/%y", 'x': "%m/%d/%y",
	'F': "%Y-%m-%d",
	'T': "%H:%M:%S", 'X': "%H:%M:%S",
	'R': "%H:%M",
	'r': "%I:%M:%S %p",
	'v': "%e-%^b-%Y",
}

// zone writes the offset from UTC.
func (d directive) zone(t time.Time) string {
	_, sec := t.Zone()
	sign := "+"
	if sec < 0 {
		sign, sec = "-", -sec
	}
	h, m, s := sec/3600, sec/60%60, sec%60
	tail := ""
	switch {
	case d.colons == 1:
		tail = fmt.Sprintf(":%02d", m)
	case d.colons == 2:
		tail = fmt.Sprintf(":%02d:%02d", m, s)
	case d.colons == 3 && s != 0:
		tail = fmt.Sprintf(":%02d:%02d", m, s)
	case d.colons == 3 && m != 0:
		tail = fmt.Sprintf(":%02d", m)
	case d.colons == 3:
	default:
		tail = fmt.Sprintf("%02d", m)
	}
	width := max(d.width-len(sign)-len(tail), 2)
	switch d.pad {
	case '-':
		return sign + strconv.Itoa(h) + tail
	case '_':
		return fmt.Sprintf("%*s", width+1, sign+strconv.Itoa(h)) + tail
	}
	return sign + fmt.Sprintf("%0*d", width, h) + tail
}
