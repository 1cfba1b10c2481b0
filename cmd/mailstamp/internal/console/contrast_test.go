package console

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

// minContrast of text on its ground (WCAG 2.2, 1.4.3 AA).
const minContrast = 4.5

// grounds are the colours that text stands on, by variable, and what text stands there.
var grounds = map[string][]string{
	"bg": {"ink", "muted", "accent"}, "panel": {"ink", "muted", "accent", "open", "bad", "some", "closed"}, "raised": {"ink", "muted"},
	"hover": {"ink", "muted", "accent"}, "accent-soft": {"accent", "ink"}, "accent": {"on-accent"},
	"open-soft": {"open", "ink", "muted"}, "good-soft": {"good"}, "closed-soft": {"closed", "muted", "ink"}, "some-soft": {"some", "ink"}, "bad-soft": {"bad", "ink"},
}

var (
	variable = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)
	badge    = regexp.MustCompile(`\.hue-(\d) \{ background: (#[0-9a-f]{3,6}); color: (#[0-9a-f]{3,6}); \}`)
	dark     = regexp.MustCompile(`(?s)@media \(prefers-color-scheme: dark\) \{(.*?)\n\}`)
)

// TestContrast computes from the style sheet how well text can be read, in both schemes.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := static.ReadFile("static/console.css")
	if err != nil {
		t.Fatal(err)
	}
	darkRules := ""
	for _, block := range dark.FindAllString(string(css), -1) {
		darkRules += block
	}
	for scheme, rules := range map[string]string{"light": dark.ReplaceAllString(string(css), ""), "dark": darkRules} {
		colours := map[string]string{}
		for _, v := range variable.FindAllStringSubmatch(rules, -1) {
			colours[v[1]] = v[2]
		}
		for ground, texts := range grounds {
			for _, text := range texts {
				check(t, scheme+": "+text+" on "+ground, colours[text], colours[ground])
			}
		}
		badges := badge.FindAllStringSubmatch(rules, -1)
		if len(badges) != hues {
			t.Errorf("%s: %d badges, want %d", scheme, len(badges), hues)
		}
		for _, b := range badges {
			check(t, scheme+": badge "+b[1], b[3], b[2])
		}
	}
}

func check(t *testing.T, what, text, ground string) {
	t.Helper()
	a, b := luminance(t, text), luminance(t, ground)
	if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < minContrast {
		t.Errorf("%s: %s on %s is %.2f : 1, want %v", what, text, ground, ratio, minContrast)
	}
}

// luminance of a colour like #1a2b3c or #fff, relative to white.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) == 4 {
		colour = fmt.Sprintf("#%c%[1]c%c%[2]c%c%[3]c", colour[1], colour[2], colour[3])
	}
	if len(colour) != 7 {
		t.Fatalf("%q is no colour", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
