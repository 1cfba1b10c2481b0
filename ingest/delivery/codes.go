package delivery

import "strings"

// code is what a text says in numbers: an SMTP reply code, an enhanced status
// code, or both side by side.
type code struct {
	reply    string
	enhanced string
	at       int
}

// codesIn finds the codes of a text. An enhanced code counts beside a reply code,
// behind # or where a sentence starts: versions and addresses look alike.
func codesIn(s string) []code {
	var out []code
	for i := 0; i < len(s) && len(out) < 40; i++ {
		c := s[i]
		if c != '2' && c != '4' && c != '5' {
			continue
		}
		if i > 0 && !codeStart(s[i-1]) {
			continue
		}
		if n := enhancedAt(s, i); n > 0 {
			if loose := i == 0 || strings.ContainsRune("#(\n:<[;'\"", rune(s[i-1])) || s[i-1] == ' ' && sentenceStart(s[:i-1]); loose {
				out = append(out, code{enhanced: s[i : i+n], at: i})
			}
			i += n - 1
			continue
		}
		if !replyAt(s, i) {
			continue
		}
		found := code{reply: s[i : i+3], at: i}
		// 550 5.1.1, 550-5.1.1, 550 #5.1.1, 550-'5.1.1, 550: 5.1.1
		j := i + 3
		for j < len(s) && j < i+8 && strings.IndexByte(" -:#'\"(\n", s[j]) >= 0 {
			j++
		}
		if j < len(s) && j > i+3 {
			// Gmail repeats the code: 554 554 5.7.0
			if k := j + 4; k < len(s) && replyAt(s, j) && enhancedAt(s, k) > 0 {
				found.reply, j = s[j:j+3], k
			}
			if n := enhancedAt(s, j); n > 0 {
				found.enhanced = s[j : j+n]
				i = j + n - 1
			} else {
				i += 2
			}
		}
		out = append(out, found)
	}
	return out
}

func codeStart(c byte) bool {
	return c <= ' ' || strings.IndexByte("#(<[:;'\"=-,>", c) >= 0
}

func sentenceStart(before string) bool {
	before = strings.TrimRight(before, " \t")
	return before == "" || strings.ContainsRune(":;\n#", rune(before[len(before)-1]))
}

// enhancedAt is the length of the enhanced status code at s[i:], or 0.
func enhancedAt(s string, i int) int {
	if i+5 > len(s) || s[i+1] != '.' || (s[i] != '2' && s[i] != '4' && s[i] != '5') {
		return 0
	}
	j := i + 2
	a := digits(s, j)
	if a == 0 || a > 3 || j+a >= len(s) || s[j+a] != '.' {
		return 0
	}
	j += a + 1
	b := digits(s, j)
	if b == 0 || b > 3 {
		return 0
	}
	j += b
	if j < len(s) && (s[j] == '.' && j+1 < len(s) && s[j+1] >= '0' && s[j+1] <= '9' || letter(s[j])) {
		return 0 // an IP address or a version
	}
	return j - i
}

func digits(s string, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
		n++
	}
	return n
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// replyAt tells whether an SMTP reply code stands at s[i:].
func replyAt(s string, i int) bool {
	if i+3 > len(s) || digits(s, i) != 3 || (s[i] != '2' && s[i] != '4' && s[i] != '5') || s[i+1] > '5' {
		return false
	}
	if i+3 == len(s) {
		return true
	}
	switch s[i+3] {
	case ' ', '\t', '\n':
	case '-', ':', ',', ';', ')', '"', '\'', '>', '.':
		return s[i+3] != '.' || i+4 == len(s) || s[i+4] == ' ' || s[i+4] == '\n'
	default:
		return false
	}
	rest := strings.TrimLeft(s[i+4:min(len(s), i+16)], " ")
	for _, unit := range []string{"min", "hour", "day", "sec", "byte", "kb", "mb", "recip", "mess"} {
		if len(rest) >= len(unit) && strings.EqualFold(rest[:len(unit)], unit) {
			return false // 500 recipients, 240 minutes
		}
	}
	return true
}

// specific tells a code that says more than its class.
func specific(enhanced string) bool {
	return enhanced != "" && !strings.HasSuffix(enhanced, ".0.0")
}

// expired tells the codes that name the end of trying, not its cause.
func expired(enhanced string) bool {
	return strings.HasSuffix(enhanced, ".4.7")
}

// bestCodes chooses what counts of a Status field, of what the remote system
// said, and of the text for people. The remote system's own words win; the code
// of expiry gives way to that of its cause.
func bestCodes(status string, said, told []code) (enhanced, reply string) {
	pick := func(list []code) (best code) {
		for _, c := range list {
			if specific(c.enhanced) && !expired(c.enhanced) && c.enhanced[0] != '2' {
				if c.reply != "" {
					return c
				}
				if best.enhanced == "" {
					best = c
				}
			}
		}
		return best
	}
	first := func(list []code) string {
		for _, c := range list {
			if c.reply != "" && c.reply[0] != '2' {
				return c.reply
			}
		}
		return ""
	}
	if c := pick(said); c.enhanced != "" {
		return c.enhanced, or(c.reply, first(said))
	}
	reply = first(said)
	if specific(status) && !expired(status) {
		return status, or(reply, first(told))
	}
	if c := pick(told); c.enhanced != "" && (status == "" || c.enhanced[0] == status[0]) {
		return c.enhanced, or(c.reply, reply, first(told))
	}
	enhanced = status
	for _, c := range append(append([]code{}, said...), told...) {
		if c.enhanced != "" && c.enhanced[0] != '2' && (enhanced == "" || !specific(enhanced) && specific(c.enhanced)) {
			enhanced = c.enhanced
		}
	}
	return enhanced, or(reply, first(told))
}

func or(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// statusField reads a Status field: "5.1.1 (bad mailbox)".
func statusField(value string) (enhanced, comment string) {
	value = strings.TrimSpace(value)
	if n := 0; len(value) >= 5 {
		if n = enhancedAt(value, 0); n > 0 {
			return value[:n], strings.Trim(value[n:], " ()")
		}
	}
	return "", strings.Trim(value, " ()")
}
