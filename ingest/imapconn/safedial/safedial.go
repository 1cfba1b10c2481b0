// Package safedial dials hosts that strangers name, and reaches no machine
// that they should not reach through us (S02).
//
// A name is resolved once; every address is checked; the address that was
// checked is the one that is dialled, so a name that answers differently the
// second time gains nothing. Whatever is not public (loopback, private,
// link-local with the cloud's metadata service, carrier NAT, multicast,
// unspecified, documentation, reserved; also inside IPv6 as mapped, NAT64,
// 6to4 or Teredo) needs an entry in the allow list. A host written as an
// odd number (0x7f.1, 2130706433, 017700000001) is refused as such.
//
// A refused address, a closed port and a filtered port cannot be told apart by
// what Dial reports for hosts outside the allow list: nothing is sent to them.
package safedial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

const (
	// dialTimeout bounds resolution and connecting together.
	dialTimeout = 15 * time.Second
	// nextAttempt is when the next address is tried beside one that does not
	// answer (RFC 8305 section 5): an IPv6 black hole costs this much.
	nextAttempt = 250 * time.Millisecond
	// maxAddresses of one name are tried.
	maxAddresses = 8
)

// ErrForbidden is what every refused host and address reports, without saying
// which rule or which address.
var ErrForbidden = errors.New("host is not allowed")

// Resolver is the part of net.Resolver that a Dialer needs.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer dials checked addresses. The zero value reaches public ones only.
type Dialer struct {
	Allow    Allow
	Resolver Resolver // nil: the machine's
}

// DialContext connects to address ("host:port"), as net.Dialer's does; it fits
// http.Transport.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dial(ctx, network, address, false)
}

// DialPrivate is DialContext for traffic that is not encrypted: it refuses
// public addresses as well, so that only loopback and private hosts of the
// allow list remain.
func (d *Dialer) DialPrivate(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dial(ctx, network, address, true)
}

func (d *Dialer) dial(ctx context.Context, network, address string, privateOnly bool) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fmt.Errorf("dial: %w", ErrForbidden)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	portNum, err := strconv.ParseUint(port, 10, 16)
	if err != nil || portNum == 0 {
		return nil, fmt.Errorf("dial: %w", ErrForbidden)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ips, err := d.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	if privateOnly {
		for _, ip := range ips {
			if Public(ip) {
				return nil, fmt.Errorf("dial without encryption: %w", ErrForbidden)
			}
		}
	}
	return dialFirst(ctx, network, ips, uint16(portNum))
}

// Resolve returns the addresses of host if every one of them may be dialled.
func (d *Dialer) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	name, err := normalHost(host)
	if err != nil {
		return nil, err
	}
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(name); err == nil {
		ips = []netip.Addr{ip}
	} else {
		var r Resolver = net.DefaultResolver
		if d.Resolver != nil {
			r = d.Resolver
		}
		if ips, err = r.LookupNetIP(ctx, "ip", name); err != nil {
			return nil, fmt.Errorf("resolve host: %w", err)
		}
		if len(ips) == 0 {
			return nil, fmt.Errorf("resolve host: %w", &net.DNSError{Err: "no address", Name: name, IsNotFound: true})
		}
	}
	for i, ip := range ips {
		if ip.Zone() != "" {
			return nil, fmt.Errorf("check host: %w", ErrForbidden)
		}
		// What is written as IPv6 but travels as IPv4 is judged as IPv4.
		ips[i] = ip.Unmap()
		if !d.Allow.permits(name, ips[i]) {
			return nil, fmt.Errorf("check host: %w", ErrForbidden)
		}
	}
	if len(ips) > maxAddresses {
		ips = ips[:maxAddresses]
	}
	return interleave(ips), nil
}

// normalHost returns host as it is compared and resolved: lower case, ASCII, no
// final dot; an address in its one usual form. Numbers that only old resolvers
// read as an address are refused.
func normalHost(host string) (string, error) {
	host = strings.TrimSuffix(host, ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String(), nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil || ascii == "" || len(ascii) > 253 {
		return "", fmt.Errorf("read host: %w", ErrForbidden)
	}
	ascii = strings.TrimSuffix(strings.ToLower(ascii), ".")
	if ip, err := netip.ParseAddr(ascii); err == nil {
		return ip.String(), nil // full-width digits
	}
	for i := range len(ascii) {
		c := ascii[i]
		if c != '-' && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return "", fmt.Errorf("read host: %w", ErrForbidden)
		}
	}
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if last == "" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return "", fmt.Errorf("read host: %w", ErrForbidden)
	}
	return ascii, nil
}

// interleave puts IPv6 and IPv4 addresses in turns, keeping the order of each.
func interleave(ips []netip.Addr) []netip.Addr {
	var six, four []netip.Addr
	for _, ip := range ips {
		if ip.Is4() {
			four = append(four, ip)
		} else {
			six = append(six, ip)
		}
	}
	out := make([]netip.Addr, 0, len(ips))
	for len(six) > 0 || len(four) > 0 {
		if len(six) > 0 {
			out, six = append(out, six[0]), six[1:]
		}
		if len(four) > 0 {
			out, four = append(out, four[0]), four[1:]
		}
	}
	return out
}

// dialFirst returns the first connection that succeeds.
func dialFirst(ctx context.Context, network string, ips []netip.Addr, port uint16) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result)
	attempt := func(ip netip.Addr) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, netip.AddrPortFrom(ip, port).String())
		select {
		case results <- result{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				conn.Close() // lost the race: nobody else knows of it
			}
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var firstErr error
	for running := 0; ; {
		select {
		case <-timer.C:
			if len(ips) > 0 {
				go attempt(ips[0])
				ips = ips[1:]
				running++
				timer.Reset(nextAttempt)
			}
		case r := <-results:
			running--
			if r.err == nil {
				return r.conn, nil
			}
			if firstErr == nil {
				firstErr = r.err
			}
			if len(ips) == 0 && running == 0 {
				return nil, fmt.Errorf("connect: %w", firstErr)
			}
			timer.Reset(0)
		case <-ctx.Done():
			return nil, fmt.Errorf("connect: %w", ctx.Err())
		}
	}
}
