package safedial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type names map[string][][]string // name → answers, one for each question

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	answers := n[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n[host] = answers[1:]
	}
	var ips []netip.Addr
	for _, a := range answers[0] {
		ips = append(ips, netip.MustParseAddr(a))
	}
	return ips, nil
}

// S02: what may not be reached is refused, in whatever form it is written.
func TestS02_Refused(t *testing.T) {
	t.Parallel()
	r := names{"mixed.example": {{"8.8.8.8", "10.0.0.1"}}, "inside.example": {{"192.168.1.1"}}, "mapped.example": {{"::ffff:127.0.0.1"}}, "zone.example": {{"fe80::1%eth0"}}}
	d := &Dialer{Resolver: r}
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1", "100::1",
		"2130706433", "017700000001", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01", "0x7f.0x0.0x0.0x1", "1", "１２７.0.0.1", "127。0。0。1", "127.0.0.1.", "①②⑦.0.0.1",
		"mixed.example", "inside.example", "mapped.example", "zone.example", "MIXED.example.",
		"", ".", "a b", "a\r\nb", "a\x00b", "[::1]", "user@host", "host/path", "host:993", "exa_mple..com",
	} {
		if ips, err := d.Resolve(t.Context(), host); !errors.Is(err, ErrForbidden) {
			t.Errorf("%q: %v, %v", host, ips, err)
		}
	}
	if _, err := d.Resolve(t.Context(), "unknown.example"); errors.Is(err, ErrForbidden) || !errors.As(err, new(*net.DNSError)) {
		t.Errorf("unknown name: %v", err)
	}
}

func TestS02_Reached(t *testing.T) {
	t.Parallel()
	allow, err := ParseAllow("Mail.Corp.example.", "10.1.0.0/16", " 127.0.0.1", "", "fd00::/8", "169.254.7.7")
	if err != nil {
		t.Fatal(err)
	}
	r := names{"mail.corp.example": {{"192.168.1.1", "fd00::1"}}, "other.example": {{"10.1.2.3"}}, "public.example": {{"8.8.8.8", "2606:4700::1", "9.9.9.9"}}, "xn--mnchen-3ya.example": {{"8.8.4.4"}}}
	d := &Dialer{Allow: allow, Resolver: r}
	for host, want := range map[string]string{
		"mail.corp.example": "[fd00::1 192.168.1.1]", "MAIL.corp.example.": "[fd00::1 192.168.1.1]", "other.example": "[10.1.2.3]", "127.0.0.1": "[127.0.0.1]", "::ffff:127.0.0.1": "[127.0.0.1]",
		"public.example": "[2606:4700::1 8.8.8.8 9.9.9.9]", "8.8.8.8": "[8.8.8.8]", "München.example": "[8.8.4.4]", "169.254.7.7": "[169.254.7.7]", "fd12::1": "[fd12::1]",
	} {
		ips, err := d.Resolve(t.Context(), host)
		var s []string
		for _, ip := range ips {
			s = append(s, ip.String())
		}
		if got := "[" + strings.Join(s, " ") + "]"; err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", host, got, err, want)
		}
	}
	// A named host may be private, not the cloud's metadata service.
	d.Resolver = names{"mail.corp.example": {{"169.254.169.254"}}}
	if _, err := d.Resolve(t.Context(), "mail.corp.example"); !errors.Is(err, ErrForbidden) {
		t.Errorf("metadata by an allowed name: %v", err)
	}
	for _, bad := range []string{"10.0.0.0/99", "a b", "2130706433"} {
		if _, err := ParseAllow(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// S02: the address that was checked is the one that is dialled, though the
// name answers otherwise by then; and nothing is sent to a refused one.
func TestS02_CheckedAddressIsDialled(t *testing.T) {
	t.Parallel()
	good, port := accept(t, "127.0.0.2")
	evil, _ := acceptOn(t, "127.0.0.3", port)
	allow, err := ParseAllow("127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	d := &Dialer{Allow: allow, Resolver: names{"flip.example": {{"127.0.0.2"}, {"127.0.0.3"}}}}
	conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("flip.example", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	<-good
	if _, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("flip.example", strconv.Itoa(port))); !errors.Is(err, ErrForbidden) {
		t.Errorf("second answer: %v", err)
	}
	select {
	case <-evil:
		t.Error("the refused address was dialled")
	default:
	}
	if _, err := d.DialContext(t.Context(), "udp", "127.0.0.2:53"); !errors.Is(err, ErrForbidden) {
		t.Errorf("udp: %v", err)
	}
}

// F26: a dead first address does not hide the second.
func TestF26_DeadAddressFirst(t *testing.T) {
	t.Parallel()
	good, port := accept(t, "127.0.0.4")
	allow, err := ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	d := &Dialer{Allow: allow, Resolver: names{"two.example": {{"127.0.0.5", "127.0.0.4"}}}}
	start := time.Now()
	conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("two.example", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	<-good
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.DialContext(ctx, "tcp", net.JoinHostPort("two.example", strconv.Itoa(port))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// accept listens and tells of each connection.
func accept(t *testing.T, ip string) (<-chan struct{}, int) { return acceptOn(t, ip, 0) }

func acceptOn(t *testing.T, ip string, port int) (<-chan struct{}, int) {
	t.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{}, 10)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
			accepted <- struct{}{}
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return accepted, ln.Addr().(*net.TCPAddr).Port
}
