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
