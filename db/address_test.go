package db_test

import (
	"testing"

	"github.com/mailstamp/mailstamp/db/address"
	"github.com/mailstamp/mailstamp/testenv"
)

// TestInText: PostgreSQL finds an address however it is written, and no other that it is a part of.
func TestInText(t *testing.T) {
	t.Parallel()
	d := testenv.DB(t)
	for _, c := range []struct{ address, text, want string }{
		{"kim@shop.example", "Kim <kim@shop.example>, KIM@Shop.Example.", "Kim <_>, _."},
		{"kim@shop.example", `<a href="mailto:kim%40shop.example?x">kim&#64;shop.example</a>`, `<a href="mailto:_?x">_</a>`},
		{"kim@shop.example", "?to=%3Ckim%40shop.example%3E", "?to=%3C_%3E"},
		{"kim@shop.example", "joe.kim@shop.example kim@shop.example.org kim@shop.example-x joe+kim@shop.example kimxshop.example", ""},
		{"k.m+x@shop.example", "k.m+x@shop.example kim+x@shop.example k.mm@shop.example", "_ kim+x@shop.example k.mm@shop.example"},
		{"o'brien@shop.example", "'o'brien@shop.example' o&#39;brien@shop.example mailto:o%27Brien@shop.example o&apos;brien&#64;shop.example", "'_' _ mailto:_ _"},
		{"brien@shop.example", "'brien@shop.example' o'brien@shop.example o&#39;brien@shop.example o%27brien@shop.example", "'_' o'brien@shop.example o&#39;brien@shop.example o%27brien@shop.example"},
		{"a&b+c@shop.example", "a&b+c@shop.example a&amp;b&#43;c@shop.example a%26b%2Bc%40shop.example", "_ _ _"},
		{"kim@xn--bcher-kva.example", "kim@bücher.example kim@xn--bcher-kva.example", "_ _"},
	} {
		if c.want == "" {
			c.want = c.text
		}
		var got string
		err := d.Pool.QueryRow(t.Context(), "select regexp_replace($1, $2, '_', 'gi')", c.text, address.InText(c.address)).Scan(&got)
		if err != nil || got != c.want {
			t.Errorf("%s in %q: %q, %v, want %q", c.address, c.text, got, err, c.want)
		}
	}
}
