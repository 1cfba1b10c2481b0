package delivery

import (
	"strings"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/ingest/message"
)

// canonical is the form in which addresses are compared, or "".
func canonical(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s = s[i+1:]
		if j := strings.IndexByte(s, '>'); j >= 0 {
			s = s[:j]
		}
	}
	s = strings.Trim(s, " \t\"'<>()[],;:")
	s = strings.TrimSuffix(s, ".")
	if len(s) > maxAddressBytes {
		return ""
	}
	if c, ok := address.Canonical(s); ok {
		return c
	}
	return ""
}

// typed reads "rfc822; a@b" (RFC 3464, 2.3.2), "utf-8; …" (RFC 6533) and the bare
// form; "" when it is not a mail address.
func typed(value string) string {
	kind, rest, ok := strings.Cut(value, ";")
	if !ok {
		return canonical(value)
	}
	kind = strings.ToLower(strings.TrimSpace(kind))
	addr := canonical(rest)
	if addr == "" && kind == "utf-8" {
		addr = canonical(unescapeUTF8(rest))
	}
	return addr
}

// unescapeUTF8 undoes \x{…} of RFC 6533, section 3.
func unescapeUTF8(s string) string {
	var out strings.Builder
	for {
		i := strings.Index(s, `\x{`)
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 || j > 10 {
			break
		}
		r := rune(0)
		for _, c := range s[i+3 : i+j] {
			d := strings.IndexRune("0123456789abcdef", c|0x20)
			if d < 0 {
				return s
			}
			r = r<<4 | rune(d)
		}
		out.WriteString(s[:i])
		out.WriteRune(r)
		s = s[i+j+1:]
	}
	out.WriteString(s)
	return out.String()
}

// untyped cuts the type off "dns; name".
func untyped(value string) string {
	if _, rest, ok := strings.Cut(value, ";"); ok {
		value = rest
	}
	return strings.TrimSpace(value)
}

// addressList lists the canonical addresses of a From, To or Cc.
func addressList(value string) []string {
	var out []string
	for _, a := range message.ParseAddresses(value) {
		if c := canonical(a.Address); c != "" && len(out) < maxOriginalTo {
			out = append(out, c)
		}
	}
	return out
}

// messageIDs lists the ids of a field, without <>.
func messageIDs(value string) []string {
	var out []string
	for len(out) < 20 {
		i := strings.IndexByte(value, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(value[i:], '>')
		if j < 0 {
			break
		}
		if id := strings.TrimSpace(value[i+1 : i+j]); id != "" && len(id) <= maxIDBytes {
			out = append(out, id)
		}
		value = value[i+j+1:]
	}
	return out
}

// messageID is the id of a Message-ID field, with or without <>.
func messageID(value string) string {
	if ids := messageIDs(value); len(ids) > 0 {
		return ids[0]
	}
	value = strings.TrimSpace(value)
	if strings.ContainsAny(value, " \t<>") || !strings.Contains(value, "@") || len(value) > maxIDBytes {
		return ""
	}
	return value
}

// verp is the address a report was sent to where it has the look of one that
// encodes a recipient (bounces+user=host@…), and the recipient where that is
// certain; Encodes tests a known one.
func verp(addrs []string) (address, recipient string) {
	for _, a := range addrs {
		local, _, _ := strings.Cut(a, "@")
		eq := strings.LastIndexByte(local, '=')
		if eq <= 0 || eq == len(local)-1 {
			continue
		}
		host, user := local[eq+1:], local[:eq]
		if !strings.Contains(host, ".") {
			continue
		}
		if i := strings.LastIndexByte(user, '+'); i >= 0 {
			user = user[i+1:]
		} else if strings.Contains(user, "-") {
			return a, "" // a dash may belong to the prefix or to the name
		}
		return a, canonical(user + "@" + host)
	}
	return "", ""
}

// Encodes tells whether a VERP address, as in Report.VERP, encodes a recipient.
func Encodes(verp, recipient string) bool {
	local, _, _ := strings.Cut(strings.ToLower(verp), "@")
	user, host, ok := strings.Cut(recipient, "@")
	if !ok || user == "" {
		return false
	}
	i := strings.LastIndex(local, user+"="+host)
	if i < 0 || i > 0 && !strings.ContainsRune("+-._=", rune(local[i-1])) {
		return false
	}
	tail := local[i+len(user)+1+len(host):]
	return tail == "" || strings.ContainsRune("+-=/", rune(tail[0]))
}
