package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/visibility"
)

var signed = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// TestParseSaysWhatIsWrong: each refusal names the event and, in words of the contract, the reason.
func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := `{"type":"user.deleted","timestamp":"2026-11-01T10:00:00Z","data":{"id":"a","version":1}}`
	for _, c := range []struct {
		body  string
		index int
		says  string
	}{
		{``, 0, "object"},
		{`null`, 0, "object"},
		{`"x"`, 0, "object"},
		{`{`, 0, "JSON"},
		{`[` + good + `,`, 1, "JSON"},
		{`[` + good, 0, "ends too early"},
		{`[` + good + `]]`, 0, "followed"},
		{`[` + good + `,7]`, 1, "object"},
		{`[` + good + `,{"type":]`, 1, "JSON"},
		{good + good, 0, "JSON"},
		{`{"type":"user.deleted","timestamp":"yesterday","data":{"id":"a","version":1}}`, 0, "RFC 3339"},
		{`{"type":"user.deleted"}`, 0, "data must be"},
		{`{"type":"user.deleted","data":[1]}`, 0, "data must be"},
		{`{"type":7,"data":{}}`, 0, "type cannot be a JSON number"},
		{`{"data":{}}`, 0, `unknown type of event ""`},
		{`{"type":"user.invented","data":{}}`, 0, "user.invented"},
		{`{"type":"` + strings.Repeat("ö", 4000) + `","data":{}}`, 0, "…"},
		{`{"type":"user.deleted","data":{"id":"a","version":"1"}}`, 0, "version cannot be a JSON string"},
		{`{"type":"user.deleted","data":{"id":"a","version":1.5}}`, 0, "version cannot be a JSON number 1.5"},
		{`{"type":"user.deleted","data":{"id":"a"}}`, 0, "version"},
		{`{"type":"user.deleted","data":{"id":"","version":1}}`, 0, "id"},
		{`{"type":"user.deleted","data":{"id":"a\u0000","version":1}}`, 0, "NUL"},
		{`{"type":"card.upserted","data":{"kind":"lead","id":"a","version":1,"audience":"nobody"}}`, 0, `audience must be "everyone"`},
		{`{"type":"share.changed","data":{"user":"a","card":{"kind":"lead","id":"x"},"address":"a@b.example","state":"shared"}}`, 0, "version"},
		{`{"type":"setting.changed","data":{"user":"a","lead":"everyone"}}`, 0, "version"},
		{`{"type":"blocklist.changed","data":{"version":1,"entries":[]}}`, 0, "user is missing"},
		{`{"type":"blocklist.changed","data":{"version":1,"user":null}}`, 0, "entries is missing"},
		{`{"type":"blocklist.changed","data":{"version":1,"user":null,"entries":null}}`, 0, "entries must be a list"},
		{`{"type":"sync.requested","data":{}}`, 0, "mailbox or a user"},
		{`{"type":"sync.requested","data":{"user":"a","mailbox":"b"}}`, 0, "mailbox or a user"},
	} {
		_, err := parse([]byte(c.body), signed)
		var invalid *visibility.Invalid
		if !errors.As(err, &invalid) || invalid.Index != c.index || !strings.Contains(invalid.Detail, c.says) {
			t.Errorf("%.80s: %v, want event %d and %q", c.body, err, c.index, c.says)
		}
		if err != nil && (len(err.Error()) > 300 || strings.Contains(err.Error(), "Go ")) {
			t.Errorf("%.80s: not a sentence for the CRM: %v", c.body, err)
		}
	}
}

func TestParseBounds(t *testing.T) {
	t.Parallel()
	one := `{"type":"sync.requested","data":{"user":"a"}}`
	full := "[" + strings.Repeat(one+",", MaxEvents-1) + one
	if b, err := parse([]byte(full+"]"), signed); err != nil || b.size != MaxEvents {
		t.Errorf("%d events: %v", b.size, err)
	}
	if _, err := parse([]byte(full+","+one+"]"), signed); !errors.Is(err, ErrTooMany) {
		t.Errorf("one event too many: %v", err)
	}
	if b, err := parse([]byte(" [ ] "), signed); err != nil || b.size != 0 {
		t.Errorf("no event: %v", err)
	}
	var invalid *visibility.Invalid
	if _, err := parse([]byte(strings.Repeat("[", 1<<20)), signed); !errors.As(err, &invalid) {
		t.Errorf("a million brackets: %v", err)
	}
}

// TestWhen: an event's own time counts, to the microsecond; without one it is the delivery's.
func TestWhen(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]time.Time{
		`{"type":"user.deleted","data":{"id":"a","version":1}}`:                                                   signed,
		`{"type":"user.deleted","timestamp":null,"data":{"id":"a","version":1}}`:                                  signed,
		`{"type":"user.deleted","timestamp":"2026-11-01T11:00:00.123456789+01:00","data":{"id":"a","version":1}}`: time.Date(2026, 11, 1, 10, 0, 0, 123456000, time.UTC),
	} {
		b, err := parse([]byte(body), signed)
		if err != nil || len(b.facts) != 1 || !b.facts[0].At.Equal(want) || b.facts[0].By != "crm" {
			t.Errorf("%s: %+v, %v", body, b.facts, err)
		}
	}
}

// TestEveryTypeIsRead: what API.md names is taken, and nothing else.
func TestEveryTypeIsRead(t *testing.T) {
	t.Parallel()
	for eventType, data := range map[string]string{
		"user.upserted":     `{"id":"u","version":1,"name":"U","addresses":["u@corp.example"],"active":true}`,
		"user.deleted":      `{"id":"u","version":1}`,
		"card.upserted":     `{"kind":"lead","id":"l","version":1,"name":"L","owner":null,"collaborators":["u"],"audience":["u"],"addresses":[{"address":"k@c.example","label":"work"}],"contacts":[]}`,
		"card.deleted":      `{"kind":"deal","id":"d","version":1}`,
		"lead.converted":    `{"lead":"l","contact":"c","version":1}`,
		"contact.merged":    `{"winner":"c","losers":["x"],"version":1}`,
		"setting.changed":   `{"user":"u","version":1,"lead":"owner"}`,
		"share.changed":     `{"user":"u","version":1,"card":{"kind":"lead","id":"l"},"address":"k@c.example","state":"none","unknown":7}`,
		"blocklist.changed": `{"user":null,"version":1,"entries":["a@b.example","@c.example",{"card":{"kind":"lead","id":"l"}}]}`,
		"policy.changed":    `{"version":1,"handover":"author"}`,
		"sync.requested":    `{"mailbox":"m"}`,
	} {
		if _, err := parse([]byte(`{"type":"`+eventType+`","data":`+data+`}`), signed); err != nil {
			t.Errorf("%s: %v", eventType, err)
		}
	}
}
