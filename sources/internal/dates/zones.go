package dates

import (
	"regexp"
	"strings"
	"time"
)

// zones are the abbreviations that nearly always mean one offset, in minutes east of UTC.
var zones = map[string]int{
	"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "AZOST": 0,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150,
	"BRT": -180, "BRST": -120, "ART": -180, "UYT": -180, "CLT": -240, "CLST": -180, "BOT": -240, "VET": -240, "COT": -300, "PET": -300, "ECT": -300,
	"BST": 60, "WEST": 60, "CET": 60, "MET": 60, "MEZ": 60, "WAT": 60, "CEST": 120, "MEST": 120, "MESZ": 120, "EET": 120, "SAST": 120, "CAT": 120,
	"EEST": 180, "MSK": 180, "МСК": 180, "TRT": 180, "EAT": 180, "MSD": 240, "GST": 240, "SAMT": 240, "IRST": 210, "AFT": 270,
	"IST": 330, "PKT": 300, "UZT": 300, "YEKT": 300, "NPT": 345, "BDT": 360, "OMST": 360, "MMT": 390, "ICT": 420, "WIB": 420, "KRAT": 420,
	"HKT": 480, "SGT": 480, "PHT": 480, "MYT": 480, "AWST": 480, "WITA": 480, "IRKT": 480, "WIT": 540, "JST": 540, "KST": 540, "YAKT": 540,
	"ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "VLAT": 600, "NZST": 720, "NZDT": 780,
}

// localZones are abbreviations that mean something else where a language is spoken: RFC 822 §5 knows only North America.
// The whole tag counts before its first part.
var localZones = map[string]map[string]int{
	"zh":    {"CST": 480, "CDT": 540, "BJT": 480},
	"he":    {"IST": 120, "IDT": 180},
	"iw":    {"IST": 120, "IDT": 180},
	"ga":    {"IST": 60},
	"en-ie": {"IST": 60},
	"bn":    {"BST": 360},
	"ar":    {"AST": 180},
	"hy":    {"AMT": 240},
	"fil":   {"PST": 480},
	"tl":    {"PST": 480},
	"en-ph": {"PST": 480},
	"ms":    {"MST": 480},
	"my":    {"MST": 390},
	"en-sg": {"SST": 480},
	"en-au": {"EST": 600, "EDT": 660, "CST": 570, "CDT": 630, "WST": 480},
	"bg":    {"EST": 120},
	"es-cu": {"CST": -300, "CDT": -240},
}

var (
	offset   = regexp.MustCompile(`^(?:UTC|GMT|UT|Z)?\s*([+-])(\d{1,2})(?::?(\d{2}))?(?::?00)?$`)
	zoneName = regexp.MustCompile(`^[A-Za-z]+(?:/[A-Za-z][A-Za-z_+-]*){1,2}$`)
)

// local is the zone of what does not say one.
func (d Reader) local() *time.Location {
	if d.Zone != nil {
		return d.Zone
	}
	return time.UTC
}

// location reads what stands behind the clock. An unknown abbreviation is taken as no zone.
func (d Reader) location(s string) (*time.Location, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return d.local(), true
	}
	if zoneName.MatchString(s) {
		if loc, err := time.LoadLocation(s); err == nil {
			return loc, true
		}
		return d.local(), true
	}
	s = strings.ToUpper(strings.ReplaceAll(s, "−", "-"))
	if g := offset.FindStringSubmatch(s); g != nil {
		hours, minutes := number(g[2]), number(g[3])
		if hours > 15 || minutes > 59 {
			return nil, false
		}
		seconds := hours*3600 + minutes*60
		if g[1] == "-" {
			seconds = -seconds
		}
		return Fixed(seconds), true
	}
	language := strings.ToLower(d.Language)
	primary, _, _ := strings.Cut(language, "-")
	for _, names := range []map[string]int{localZones[language], localZones[primary], zones} {
		if minutes, ok := names[s]; ok {
			return Fixed(minutes * 60), true
		}
	}
	// "EST -0500", "+0800 CST": the offset says it all, whatever stands beside it.
	fields := strings.Fields(s)
	if len(fields) > 1 {
		for _, part := range fields {
			if offset.MatchString(part) {
				return d.location(part)
			}
		}
		for _, part := range fields {
			if _, ok := zones[part]; ok {
				return d.location(part)
			}
		}
	}
	if strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || r == '+' || r == '-' }) < 0 {
		return d.local(), true // words, such as "Uhr" or a zone nobody knows
	}
	return nil, false
}
