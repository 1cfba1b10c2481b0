package message

import (
	"strconv"
	"strings"
	"time"
)

// Bounds of a Date that is believed (FAULTS F35, F37).
const (
	// earliestYear: e-mail older than this is a broken clock.
	earliestYear = 1990
	// clockSkew is how far a sender's clock may be ahead of the server's.
	clockSkew = 24 * time.Hour
)

// maxDateWords bounds the words of a Date that are looked at; real ones have 7.
const maxDateWords = 20

// EffectiveDate is where a mail stands in time: its Date where that is sane, else
// the time the server received it (FAULTS F35, F37).
func EffectiveDate(h Header, internal time.Time) time.Time {
	if h.Date.Year() < earliestYear || h.Date.After(internal.Add(clockSkew)) {
		return internal
	}
	return h.Date
}

var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

// zones of RFC 5322, 4.3, and two common ones; hours east. Others read as UTC, as it says.
var zones = map[string]int{
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "cet": 1, "cest": 2,
}

// parseDate reads a date by what its words look like, whatever their order. A
// missing time is midnight, a missing zone UTC; day, month and year must be there.
func parseDate(s string) (time.Time, bool) {
	s = stripComments(s)
	var day, year, hour, minute, second, offset int
	var month time.Month
	var hasTime, hasZone bool
	for n, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' }) {
		if n >= maxDateWords {
			break
		}
		switch {
		case strings.Contains(word, ":"):
			if iso := strings.IndexByte(word, 'T'); iso > 0 && isDigits(word[:1]) { // RFC 3339
				t, err := time.Parse(time.RFC3339, word)
				return t.UTC(), err == nil && t.Year() >= 1
			}
			if hasTime {
				if i := strings.IndexAny(word, "+-"); i >= 0 && !hasZone { // +01:00, GMT+01:00
					offset, hasZone = parseZone(word[i:])
				}
				continue
			}
			if i := strings.IndexAny(word, "+-"); i > 0 { // 12:00:00+0100
				offset, hasZone = parseZone(word[i:])
				word = word[:i]
			}
			if hour, minute, second, hasTime = parseClock(word); !hasTime {
				return time.Time{}, false
			}
		case hasTime && !hasZone && (word[0] == '+' || word[0] == '-'):
			offset, hasZone = parseZone(word)
		case isDigits(word):
			v, err := strconv.Atoi(word)
			switch {
			case err != nil:
				return time.Time{}, false
			case day == 0 && len(word) <= 2:
				day = v
			case year == 0:
				year = fullYear(v, len(word))
			}
		case word[0] >= '0' && word[0] <= '9' && strings.Count(word, "-") == 2: // 07-Oct-1994
			parts := strings.Split(word, "-")
			d, errDay := strconv.Atoi(parts[0])
			y, errYear := strconv.Atoi(parts[2])
			m := monthOf(parts[1])
			if errDay != nil || errYear != nil || m == 0 {
				return time.Time{}, false
			}
			day, month, year = d, m, fullYear(y, len(parts[2]))
		default:
			if m := monthOf(word); m != 0 && month == 0 {
				month = m
			} else if hours, known := zones[strings.ToLower(word)]; known && !hasZone {
				offset, hasZone = hours*3600, true
			} else if i := strings.IndexAny(word, "+-"); i > 0 && hasTime && !hasZone { // GMT+0100
				offset, hasZone = parseZone(word[i:])
			} else if strings.EqualFold(word, "pm") && hasTime && hour < 12 {
				hour += 12
			} else if strings.EqualFold(word, "am") && hasTime && hour == 12 {
				hour = 0
			}
		}
	}
	if day == 0 || month == 0 || year < 1 || year > 9999 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day { // 31 February
		return time.Time{}, false
	}
	t = t.Add(time.Duration(hour*3600+minute*60+second-offset) * time.Second)
	return t, t.Year() >= 1 && t.Year() <= 9999
}

func parseClock(s string) (hour, minute, second int, ok bool) {
	parts := strings.SplitN(s, ":", 4)
	values := [3]int{}
	for i := range min(len(parts), 3) {
		digits := parts[i]
		if dot := strings.IndexByte(digits, '.'); dot > 0 {
			digits = digits[:dot]
		}
		v, err := strconv.Atoi(digits)
		if err != nil || v < 0 {
			return 0, 0, 0, false
		}
		values[i] = v
	}
	if values[0] > 23 || values[1] > 59 || values[2] > 60 { // 60: a leap second
		return 0, 0, 0, false
	}
	return values[0], values[1], values[2], true
}

// parseZone reads +hhmm or +hh:mm; seconds east of Greenwich.
func parseZone(s string) (offset int, ok bool) {
	digits := strings.ReplaceAll(s[1:], ":", "")
	if !isDigits(digits) || len(digits) > 4 {
		return 0, false
	}
	v, err := strconv.Atoi(digits)
	if err != nil {
		return 0, false
	}
	if len(digits) <= 2 {
		v *= 100
	}
	offset = v/100*3600 + v%100*60
	if offset > 24*3600 {
		return 0, false
	}
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// fullYear completes a year of two or three digits (RFC 5322, 4.3).
func fullYear(v, digits int) int {
	switch {
	case digits <= 2 && v < 50:
		return v + 2000
	case digits <= 3:
		return v + 1900
	}
	return v
}

func monthOf(word string) time.Month {
	if len(word) < 3 {
		return 0
	}
	return months[strings.ToLower(word[:3])]
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 9
}

func stripComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
			b.WriteByte(' ')
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
