// Package address holds the one form in which e-mail addresses are compared (SPEC 4): lower case, the domain in its
// ASCII (IDNA) form, no folding of plus signs or dots. It is pure.
package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	// maxBytes of a canonical address; RFC 5321 4.5.3.1 allows 64 + 1 + 255.
	maxBytes = 320
	// maxDomainBytes, RFC 5321 4.5.3.1.2.
	maxDomainBytes = 255
	// maxLabels bounds the parents of a domain; 255 bytes hold no more.
	maxLabels = 128
)

// lookup is lenient: what servers deliver to is an address, whatever the registry would say of it.
var lookup = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.Transitional(false))

// Canonical returns the compared form of an address, or false when s is none: no "@", an empty side, blank space or a
// control character in it, or too long.
func Canonical(s string) (string, bool) {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || !utf8.ValidString(s) {
		return "", false
	}
	domain, ok := CanonicalDomain(s[at+1:])
	if !ok {
		return "", false
	}
	local := strings.ToLower(s[:at])
	if strings.ContainsFunc(local, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '<' || r == '>' }) {
		return "", false
	}
	if out := local + "@" + domain; len(out) <= maxBytes {
		return out, true
	}
	return "", false
}

// CanonicalDomain returns the compared form of a domain, or false when s is none.
func CanonicalDomain(s string) (string, bool) {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	if s == "" || len(s) > maxDomainBytes || strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return "", false
	}
	ascii, err := lookup.ToASCII(s)
	if err != nil {
		ascii = strings.ToLower(s) // e.g. a label that IDNA refuses but servers use
	}
	for i := range len(ascii) {
		if c := ascii[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`@<>,;()"\`, c) >= 0 {
			return "", false
		}
	}
	if ascii == "" || len(ascii) > maxDomainBytes {
		return "", false
	}
	return ascii, true
}

// Domains are the domain of a canonical address and every parent of it, nearest first: a block of any of them covers
// the address.
func Domains(canonical string) []string {
	domain := canonical[strings.LastIndexByte(canonical, '@')+1:]
	out := make([]string, 0, 3)
	for len(out) < maxLabels {
		out = append(out, domain)
		dot := strings.IndexByte(domain, '.')
		if dot < 0 {
			break
		}
		domain = domain[dot+1:]
	}
	return out
}
