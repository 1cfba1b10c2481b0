package address

import (
	"regexp"
	"strings"
)

// inHTML is how HTML and URLs may write what stands in a local part.
var inHTML = strings.NewReplacer(`'`, `(?:'|%27|&#39;|&#x27;|&apos;)`, `&`, `(?:&|%26|&amp;|&#38;|&#x26;)`, `\+`, `(?:\+|%2b|&#43;|&#x2b;)`)

// InText is a regular expression, in PostgreSQL's dialect and to be matched without regard to case, that finds a canonical
// address in running text or HTML: written plainly, with the at sign or what else HTML escapes escaped (%40, &#64;), its domain
// in either form; not as a part of a longer address.
func InText(canonical string) string {
	at := strings.LastIndexByte(canonical, '@')
	local, domain := canonical[:at], canonical[at+1:]
	domains := regexp.QuoteMeta(domain)
	if written, err := lookupDomain.ToUnicode(domain); err == nil && written != domain {
		domains = "(?:" + domains + "|" + regexp.QuoteMeta(written) + ")"
	}
	return `(?<![a-z0-9]')(?<![a-z0-9]%27)(?<![a-z0-9]&#39;)(?:(?<![a-z0-9._+%-])|(?<=%[0-9a-f][0-9a-f]))` + inHTML.Replace(regexp.QuoteMeta(local)) + `(?:@|%40|&#64;|&#x40;|&commat;)` + domains +
		`(?![a-z0-9-]|\.[a-z0-9])`
}
