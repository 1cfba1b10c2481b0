package address_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/db/address"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Anna@Example.COM": "anna@example.com", " a+b.c@x.example\t": "a+b.c@x.example", "a@x.example.": "a@x.example",
		"a@BÜCHER.example": "a@xn--bcher-kva.example", "a@xn--bcher-kva.example": "a@xn--bcher-kva.example", "a@bücher.example": "a@xn--bcher-kva.example",
		"JOSÉ@x.example": "josé@x.example", "jose\u0301@x.example": "josé@x.example", `"anna"@x.example`: "anna@x.example",
		"a@under_score.example": "a@under_score.example", "a..b@x.example": "a..b@x.example", "a@localhost": "a@localhost", "o'neil@x.example": "o'neil@x.example",
		"a@例え.テスト": "a@xn--r8jz45g.xn--zckzah",
	} {
		got, ok := address.Canonical(in)
		if !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, ok, want)
		}
		if again, ok := address.Canonical(got); !ok || again != got {
			t.Errorf("%q is not its own canonical form: %q", got, again)
		}
	}
	for _, bad := range []string{"", "@", "a@", "@x", "a", "a@b@c", "a b@x.example", "a\r\nb@x.example", "a@x.example\r\nBcc: b@x.example", "a\x00@x.example", "a@x\x00.example",
		"a@x..example", "a@.x", "a@[192.0.2.1]", `"a b"@x.example`, `"a@b"@x.example`, "<a@x.example>", "a,b@x.example", "a@x.example,b", "a\u200b@x.example", "\xff@x.example", "a@\xff.example",
		"a@x.example＠evil.example\u3000", strings.Repeat("a", 250) + "@x.example", "a@" + strings.Repeat("b", 64) + ".example"} {
		if got, ok := address.Canonical(bad); ok {
			t.Errorf("%q is accepted as %q", bad, got)
		}
	}
}

func TestDomainsAreTheDomainAndItsParents(t *testing.T) {
	got := address.Domains("kim@mail.customer.test")
	if want := []string{"mail.customer.test", "customer.test", "test"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
