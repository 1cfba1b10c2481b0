package safedial

import (
	"fmt"
	"net/netip"
	"strings"
)

// Allow lists what may be dialled although it is not public: host names and
// networks. The zero value allows nothing.
type Allow struct {
	hosts map[string]bool
	nets  []netip.Prefix
}

// ParseAllow reads entries such as "mail.corp.example", "10.1.0.0/16" or
// "127.0.0.1"; empty entries are skipped.
func ParseAllow(entries ...string) (Allow, error) {
	a := Allow{hosts: map[string]bool{}}
	for _, e := range entries {
		e = strings.TrimSpace(e)
		if e == "" {
			continue
		}
		if p, err := netip.ParsePrefix(e); err == nil {
			a.nets = append(a.nets, p.Masked())
			continue
		}
		if ip, err := netip.ParseAddr(e); err == nil && ip.Zone() == "" {
			ip = ip.Unmap()
			a.nets = append(a.nets, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		host, err := normalHost(e)
		if err != nil {
			return Allow{}, fmt.Errorf("read allow list entry %q: %w", e, err)
		}
		a.hosts[host] = true
	}
	return a, nil
}

// permits says whether host may be reached at ip. A named host may be private
// or loopback; link-local (where clouds keep credentials) and the other
// special ranges need an entry for the network itself.
func (a Allow) permits(host string, ip netip.Addr) bool {
	if ip.IsMulticast() || ip.IsUnspecified() {
		return false
	}
	if Public(ip) {
		return true
	}
	for _, n := range a.nets {
		if n.Contains(ip) {
			return true
		}
	}
	return a.hosts[host] && (ip.IsLoopback() || ip.IsPrivate() || carrierNAT.Contains(ip))
}

var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// special are the ranges of the IANA special-purpose registries that are not
// globally reachable, or that carry another address inside.
var special = func() (out []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
		"2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
		"fec0::/10", "ff00::/8",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// Public says whether ip is an ordinary address of the internet.
func Public(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
