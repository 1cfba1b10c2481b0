package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

type description struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ Name, In string }
		Scope      string `json:"x-scope"`
		Responses  map[string]json.RawMessage
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]json.RawMessage
			Required   []string
		}
	}
}

// TestDescriptionFitsTheCode: each route is described and each description has its route; each schema has the keys of the
// type that is encoded, and requires those that are always there.
func TestDescriptionFitsTheCode(t *testing.T) {
	t.Parallel()
	var d description
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	coded := []string{"post /webhooks/{account}"}
	for _, r := range routes {
		coded = append(coded, strings.ToLower(r.method)+" "+r.path)
		op := d.Paths[r.path][strings.ToLower(r.method)]
		if (op.Scope == scopeService) != (r.who == services) {
			t.Errorf("%s %s: x-scope is %q", r.method, r.path, op.Scope)
		}
		for _, wildcard := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(r.path, -1) {
			if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.In == "path" && p.Name == wildcard[1] }) {
				t.Errorf("%s %s: the description does not name {%s}", r.method, r.path, wildcard[1])
			}
		}
	}
	var described []string
	for path, methods := range d.Paths {
		for method := range methods {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(coded)
	slices.Sort(described)
	if !slices.Equal(coded, described) {
		t.Errorf("routes and paths differ:\n%q\n%q", coded, described)
	}

	for name, v := range map[string]any{
		"Problem": problem{}, "Card": visibility.CardRef{}, "Person": feed.Person{}, "Attachment": feed.Attachment{},
		"Recipient": feed.Recipient{}, "DeliveryEvent": feed.DeliveryEvent{},
		"UnmatchedReport": feed.UnmatchedReport{}, "UnmatchedReportPage": feed.Page[feed.UnmatchedReport]{}, "Delivery": feed.Delivery{}, "Item": feed.Item{}, "FullItem": feed.FullItem{},
		"FeedPage": feed.Page[feed.Item]{}, "Stamp": feed.Stamp{}, "ThreadSummary": feed.ThreadSummary{},
		"ThreadPage": feed.Page[feed.ThreadSummary]{}, "Conversation": feed.Conversation{}, "Conversations": feed.Conversations{},
		"Thread": feed.Thread{}, "Settings": feed.Settings{}, "Fact": visibility.Fact{}, "Explanation": visibility.Explanation{},
		"MailboxConfig": ingest.MailboxConfig{}, "OAuth": ingest.MailboxOAuth{}, "MailboxAuth": ingest.MailboxAuth{},
		"Progress": ingest.Progress{}, "Folder": ingest.FolderHealth{}, "Mailbox": ingest.Health{},
		"Erasure": jobs.Erasure{}, "Forecast": visibility.Forecast{}, "Reach": visibility.Reach{},
		"AuditEntry": feed.AuditEntry{}, "AuditPage": feed.Page[feed.AuditEntry]{},
		"ThreadStamped": notify.ThreadStamped{}, "MessageStored": notify.MessageStored{}, "DeliveryChanged": notify.DeliveryChanged{},
		"MailboxChanged": notify.MailboxChanged{}, "ShareHeld": notify.ShareHeld{},
	} {
		keys, always := map[string]bool{}, map[string]bool{}
		jsonKeys(reflect.TypeOf(v), keys, always)
		schema := d.Components.Schemas[name]
		if got, want := slices.Sorted(maps.Keys(schema.Properties)), slices.Sorted(maps.Keys(keys)); !slices.Equal(got, want) {
			t.Errorf("%s has %q, the code has %q", name, got, want)
		}
		if name == "MailboxConfig" {
			continue // a request: what may be left out is the reader's to say
		}
		if got, want := slices.Sorted(slices.Values(schema.Required)), slices.Sorted(maps.Keys(always)); !slices.Equal(got, want) {
			t.Errorf("%s requires %q, the code always writes %q", name, got, want)
		}
	}
}

func jsonKeys(typ reflect.Type, keys, always map[string]bool) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			jsonKeys(f.Type, keys, always)
			continue
		}
		keys[tag] = true
		if !strings.Contains(options, "omit") {
			always[tag] = true
		}
	}
}
