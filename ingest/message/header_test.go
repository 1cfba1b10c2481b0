package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAddressLists(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]Address{
		`a@b.example`:                                 {{"", "a@b.example"}},
		`<a@b.example>`:                               {{"", "a@b.example"}},
		`Doe, John <j@x.example>, b@x.example`:        {{"Doe, John", "j@x.example"}, {"", "b@x.example"}},
		`"a@b.example" <c@d.example>`:                 {{"a@b.example", "c@d.example"}},
		`"Joe \"the\" Q" <c@d.example>`:               {{`Joe "the" Q`, "c@d.example"}},
		`A <a@x.example> B <b@x.example>`:             {{"A", "a@x.example"}, {"B", "b@x.example"}},
		`a@x.example; b@x.example`:                    {{"", "a@x.example"}, {"", "b@x.example"}},
		`<<a@x.example>>`:                             {{"", "a@x.example"}},
		`A <a@x.example, B <b@x.example>`:             {{"A", "a@x.example"}, {"B", "b@x.example"}},
		`<@r1.example,@r2.example:a@x.example>`:       {{"", "a@x.example"}},
		`"john doe"@x.example`:                        {{"", `"john doe"@x.example`}},
		`John john@x.example`:                         {{"John", "john@x.example"}},
		`john @ x.example`:                            {{"", "john@x.example"}},
		`mailto:john@x.example`:                       {{"", "john@x.example"}},
		`undisclosed-recipients:;`:                    nil,
		`MAILER-DAEMON`:                               {{"MAILER-DAEMON", ""}},
		`MAILER-DAEMON <>`:                            {{"MAILER-DAEMON", ""}},
		`"unclosed <a@x.example>, b@x.example`:        {{"unclosed", "a@x.example"}, {"", "b@x.example"}},
		`=?utf-8?Q?M=C3=BCller,_J?= <m@x.example>`:    {{"Müller, J", "m@x.example"}},
		`=?utf-8?Q?Müller, J?= <m@x.example>`:         {{"Müller, J", "m@x.example"}},
		`"=?utf-8?B?SsO8cmdlbg==?=" <m@x.example>`:    {{"Jürgen", "m@x.example"}},
		`a@x.example (A (nested) comment)`:            {{"A (nested) comment", "a@x.example"}},
		`Pete(A nice \) chap) <p(x)@silly.example>`:   {{"Pete", "p@silly.example"}},
		`=?utf-8?Q?a=40evil=2Eexample?=, b@x.example`: {{"a@evil.example", ""}, {"", "b@x.example"}},
		`,,;, <>, `:                                   nil,
	} {
		var p problems
		equal(t, value, parseAddresses(nil, value, &p), want)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Fri, 2 Jan 2026 12:04:05 +0100":          "2026-01-02T11:04:05Z",
		"2 Jan 26 12:04 EST":                      "2026-01-02T17:04:00Z",
		"Fri,2 Jan 2026 12:04:05 GMT":             "2026-01-02T12:04:05Z",
		"Fri Jan  2 12:04:05 2026":                "2026-01-02T12:04:05Z",
		"Fri, 02-Jan-2026 12:04:05 -0330 (x (y))": "2026-01-02T15:34:05Z",
		"2026-01-02T12:04:05+01:00":               "2026-01-02T11:04:05Z",
		"Sat, 31 Dec 2016 23:59:60 +0000":         "2017-01-01T00:00:00Z",
		"1 January 99":                            "1999-01-01T00:00:00Z",
		"Thu, 1 Jan 1970 00:00:00 +0000":          "1970-01-01T00:00:00Z",
		"Fri, 2 Jan 2026 12:04:05 GMT+01:00":      "2026-01-02T11:04:05Z",
		"Fri, 2 Jan 2026 1:04:05 pm +0000":        "2026-01-02T13:04:05Z",
	} {
		got, ok := parseDate(in)
		if !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v %v, want %s", in, got, ok, want)
		}
	}
	for _, bad := range []string{"", "yesterday", "31 Feb 2026 00:00:00 +0000", "2 Jan 99999", "0 Jan 2026", "2 Jan 2026 25:00:00", "Jan 2026", "2 2026 12:00"} {
		if got, ok := parseDate(bad); ok {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

// F35, F37: a mail with a mad Date stands where the server received it.
func TestF35EffectiveDate(t *testing.T) {
	t.Parallel()
	internal := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for date, want := range map[string]time.Time{
		"Thu, 1 Jan 2026 12:00:00 +0000":  time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
		"Sat, 3 Jan 2026 11:59:00 +0000":  time.Date(2026, 1, 3, 11, 59, 0, 0, time.UTC),
		"Sat, 3 Jan 2026 12:01:00 +0000":  internal,
		"Thu, 1 Jan 1970 00:00:00 +0000":  internal,
		"Thu, 1 Jan 2099 00:00:00 +0000":  internal,
		"soon":                            internal,
		"Mon, 1 Jan 1990 00:00:00 +0000":  time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		"Sun, 31 Dec 1989 23:59:59 +0000": internal,
	} {
		equal(t, date, EffectiveDate(ParseHeader([]byte("Date: "+date+"\n\n")), internal), want)
	}
	equal(t, "no date", EffectiveDate(ParseHeader(nil), internal), internal)
}

func TestBaseSubject(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Offer": "offer|false", "Re: Offer": "offer|true", "RE: re:  OFFER ": "offer|true", "AW: WG: Offer": "offer|true", "Fwd: Offer": "offer|false",
		"[sales] Re: [list] Offer": "offer|true", "Re[2]: Offer": "offer|true", "Re (3) : Offer": "offer|true", "re2: offer": "offer|true", "Antw: Offer (fwd)": "offer|true", "回复：报价": "报价|true",
		"Re:Offer\tnow": "offer now|true", "[only]": "[only]|false", "Re:": "|true", "": "|false", "Report: x": "report: x|false", "Regarding: x": "regarding: x|false", "10: 30": "10: 30|false",
	} {
		base, reply := BaseSubject(in)
		equal(t, in, fmt.Sprintf("%s|%v", base, reply), want)
	}
}

func TestMessageIDs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<a@b>": "a@b", " <a\r\n @b> ": "a@b", "a@b": "a@b", "<a@b> (added by <postmaster@x>)": "a@b", "<a@b": "a@b", "<a\x00b@c\x01>": "ab@c",
		"": "", "<>": "", "no id at all": "", "<" + strings.Repeat("x", 1000) + ">": "",
	} {
		equal(t, in, ParseHeader([]byte("Message-ID: "+in+"\r\n\r\n")).MessageID, want)
	}
	for in, want := range map[string][]string{
		"<a@b><c@d>, <a@b>":                      {"a@b", "c@d"},
		"Your message of Friday \"x\" <a@b> y@z": {"a@b"},
		"a@b c@d":                                {"a@b", "c@d"},
		"<a@b <c@d>":                             {"a@b", "c@d"},
		"nothing here":                           nil,
	} {
		equal(t, in, ParseHeader([]byte("References: "+in+"\n\n")).References, want)
	}
}

// A long thread keeps its root and its nearest parents, whatever else is read.
func TestReferencesAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 5 * MaxReferences {
		fmt.Fprintf(&b, " <%d@x>", i)
	}
	h := ParseHeader([]byte("References:" + b.String() + "\nIn-Reply-To:" + b.String() + "\n\n"))
	if len(h.References) != MaxReferences || h.References[0] != "0@x" || h.References[MaxReferences-1] != "999@x" || h.References[1] != "801@x" {
		t.Errorf("kept %d: %v", len(h.References), h.References)
	}
	if len(h.InReplyTo) != MaxInReplyTo || !slices.Contains(h.Problems, ProblemReferenceCount) {
		t.Errorf("kept %d in-reply-to, problems %v", len(h.InReplyTo), h.Problems)
	}
}

func TestAutomaticMail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Auto-Submitted: auto-replied (vacation)": "auto-replied true", "Auto-Submitted: No": "no false", "X-Autoreply: yes": " true", "Precedence: auto_reply": " true", "Precedence: bulk": " false",
	} {
		h := ParseHeader([]byte(in + "\n\n"))
		equal(t, in, fmt.Sprint(h.AutoSubmitted, " ", h.AutoReply), want)
	}
	h := ParseHeader([]byte("Return-Path: <>\nX-Failed-Recipients: a@x.example,\n b@x.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"x\"\n\n"))
	if !h.NullReturnPath || h.ReturnPath != "" || h.ContentTypeParams["report-type"] != "delivery-status" {
		t.Errorf("report header: %+v", h)
	}
	equal(t, "failed recipients", h.XFailedRecipients, []string{"a@x.example", "b@x.example"})
}
