// Package address holds the one form in which e-mail addresses are compared (SPEC 4): lower case, the domain in its
// ASCII (IDNA) form, no folding of plus signs or dots. It is pure.
package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxBytes of an address (RFC 5321, 4.5.3.1.3, less the brackets).
	maxBytes = 254
	// maxDomainBytes of a domain (RFC 5321, 4.5.3.1.2).
	maxDomainBytes = 255
	// maxLabelBytes bounds a label of a domain name (RFC 1035, 2.3.4).
	maxLabelBytes = 63
	// maxLabels bounds the parents of a domain; 255 bytes hold no more.
	maxLabels = 128
)

// lookupDomain maps a domain to its ASCII form, leniently: what cannot be a host
// name still compares, as long as it is made of the right characters.
var lookupDomain = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.CheckJoiners(false), idna.VerifyDNSLength(false))

// Canonical is the form in which addresses are compared (SPEC 4): lower
// case, the domain in ASCII. ok is false for what is not one sane local@domain.
// Quotes that quote nothing are dropped; a local part that needs them is refused,
// as is an address literal: no card address needs either.
func Canonical(s string) (canonical string, ok bool) {
	s = strings.Trim(s, " \t")
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || len(s) > 2*maxBytes || !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return "", false
	}
	local, domain := s[:at], s[at+1:]
	if len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"' {
		local = local[1 : len(local)-1]
	}
	local, ascii := lowerASCII(local)
	if !ascii {
		local = norm.NFC.String(strings.ToLower(norm.NFC.String(local)))
	}
	if !saneLocal(local) {
		return "", false
	}
	domain, ok = CanonicalDomain(domain)
	if !ok {
		return "", false
	}
	canonical = local + "@" + domain
	return canonical, len(canonical) <= maxBytes
}

// CanonicalDomain returns the compared form of a domain, or false when s is none.
func CanonicalDomain(s string) (canonical string, ok bool) {
	domain, ascii := lowerASCII(strings.TrimSuffix(strings.Trim(s, " \t"), "."))
	if !ascii {
		mapped, err := lookupDomain.ToASCII(domain)
		if err != nil {
			return "", false
		}
		domain = mapped
	}
	return domain, len(domain) <= maxDomainBytes && saneDomain(domain)
}

func lowerASCII(s string) (lower string, ascii bool) {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return s, false
		}
	}
	return strings.ToLower(s), true
}

func saneLocal(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`"(),:;<>@[\]`, r) ||
			(r > 0x7f && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r))) {
			return false
		}
	}
	return s != ""
}

func saneDomain(s string) bool {
	label := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			label++
			if label > maxLabelBytes {
				return false
			}
		default:
			return false
		}
	}
	return label > 0
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
