package delivery

import "strings"

func trim(s string) string { return strings.TrimSpace(s) }

func trimLower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func indexByte(s string, c byte) int { return strings.IndexByte(s, c) }

func hasPrefixAny(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func hasSuffixAny(s string, suffixes ...string) bool {
	for _, p := range suffixes {
		if strings.HasSuffix(s, p) {
			return true
		}
	}
	return false
}
