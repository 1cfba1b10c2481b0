package testenv

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func letter(from, to, subject string) []byte {
	return fmt.Appendf(nil, "From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nMessage-ID: <%s@example.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n",
		from, to, subject, strings.ReplaceAll(subject, " ", "."))
}

func TestMailGoesFromSMTPToIMAP(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	anna, ben := m.NewUser(t, "anna"), m.NewUser(t, "ben")
	m.Send(t, anna.Address, []string{ben.Address}, letter(anna.Address, ben.Address, "offer"))
	got := m.Await(t, ben, "INBOX", 1)
	if len(got) != 1 || got[0].Folder != "INBOX" || got[0].UIDValidity == 0 {
		t.Errorf("INBOX of the recipient: %v", got)
	}
	if !bytes.Contains(m.Raw(t, ben, "INBOX", got[0].UID), []byte("Subject: offer\r\n")) {
		t.Error("the message is not what was sent")
	}
}

func TestTruthFollowsAppendMoveDelete(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	u := m.NewUser(t, "anna")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one, two := letter("a@x.test", u.Address, "one"), letter("b@x.test", u.Address, "two")
	uid1 := m.Append(t, u, "INBOX", []string{`\Seen`}, at, one)
	uid2 := m.Append(t, u, "INBOX", nil, at, two)
	m.Move(t, u, "INBOX", "Archive", uid1)
	list := m.List(t, u)
	if len(list) != 2 || list[0].Folder != "Archive" || list[0].SHA256 != sha256.Sum256(one) ||
		list[1].Folder != "INBOX" || list[1].UID != uid2 || list[1].SHA256 != sha256.Sum256(two) {
		t.Errorf("after a move: %v", list)
	}
	m.Delete(t, u, "INBOX", uid2)
	if list := m.List(t, u); len(list) != 1 || list[0].Folder != "Archive" {
		t.Errorf("after a deletion: %v", list)
	}
}

func TestFoldersHaveTheirUses(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	c, logout := m.login(t, m.NewUser(t, "anna"))
	defer logout()
	folders, err := c.List("", "*", nil).Collect()
	if err != nil {
		t.Fatal(err)
	}
	uses := map[string]string{}
	for _, f := range folders {
		uses[f.Mailbox] = fmt.Sprint(f.Attrs)
	}
	for folder, use := range map[string]string{"Sent": `\Sent`, "Archive": `\Archive`, "Drafts": `\Drafts`, "Junk": `\Junk`, "Trash": `\Trash`, "INBOX": ""} {
		if attrs, ok := uses[folder]; !ok || !strings.Contains(attrs, use) {
			t.Errorf("folder %s: %v %q", folder, ok, attrs)
		}
	}
	caps, err := c.Capability().Wait()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"IDLE", "CONDSTORE", "QRESYNC", "SPECIAL-USE", "UIDPLUS"} {
		found := false
		for got := range caps {
			found = found || string(got) == want
		}
		if !found {
			t.Errorf("the server lacks %s", want)
		}
	}
}

// Each kind of failure comes back as a report with its own status code.
func TestBounces(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	full := m.NewUserWithQuota(t, "full", "1K")
	m.Append(t, full, "INBOX", nil, time.Now(), bytes.Repeat([]byte("Subject: x\r\n"), 70))
	for name, tc := range map[string]struct {
		to   string
		want []string
	}{
		"unknown user": {"nobody@" + m.Domain(t), []string{"Status: 5.1.1", "Action: failed"}},
		"full":         {full.Address, []string{"Status: 5.2.2", "Action: failed"}},
		"no host":      {"x@nowhere.test", []string{"Status: 5.4.4", "Action: failed"}},
		"outside":      {"x@example.com", []string{"Status: 5.4.4", "Action: failed"}},
		"refused":      {"x@strict.test", []string{"Status: 5.7.1", "Action: failed"}},
		"slow":         {"x@slow.test", []string{"Status: 4.4.1", "Action: delayed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := m.NewUser(t, "anna")
			big := append(letter(u.Address, tc.to, "lost"), bytes.Repeat([]byte("more\r\n"), 100)...)
			m.Submit(t, Envelope{From: u.Address, To: []string{tc.to}, EnvID: "env-1", Return: "HDRS"}, big)
			got := m.Await(t, u, "INBOX", 1)
			raw := string(m.Raw(t, u, "INBOX", got[0].UID))
			for _, want := range append(tc.want, "Original-Envelope-Id: env-1", "<lost@example.test>") {
				if !strings.Contains(raw, want) {
					t.Errorf("the report lacks %q:\n%s", want, raw)
				}
			}
		})
	}
}

func TestDeliveryIsReportedWhenAsked(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	u, to := m.NewUser(t, "anna"), m.NewUser(t, "ben")
	m.Submit(t, Envelope{From: u.Address, To: []string{to.Address}, EnvID: "env-2", Notify: "SUCCESS,FAILURE"}, letter(u.Address, to.Address, "fine"))
	got := m.Await(t, u, "INBOX", 1)
	raw := string(m.Raw(t, u, "INBOX", got[0].UID))
	if !strings.Contains(raw, "Action: relayed") && !strings.Contains(raw, "Action: delivered") {
		t.Errorf("no report of success:\n%s", raw)
	}
}

func TestTLSCertificateVerifies(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(m.CACert) {
		t.Fatal("CACert is no certificate")
	}
	conn, err := tls.Dial("tcp", net.JoinHostPort(m.Host, fmt.Sprint(m.IMAPSPort)), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestKilledMailServerComesBack(t *testing.T) {
	t.Parallel()
	m := OwnMail(t)
	u := m.NewUser(t, "anna")
	m.Append(t, u, "INBOX", nil, time.Now(), letter("a@x.test", u.Address, "kept"))
	before := m.List(t, u)
	m.Kill(t)
	if err := greets(t.Context(), m.Host, m.IMAPPort, "* OK"); err == nil {
		t.Error("a killed server greets")
	}
	m.Start(t)
	m.Send(t, "x@x.test", []string{u.Address}, letter("x@x.test", u.Address, "after"))
	m.Await(t, u, "INBOX", 2)
	after := m.List(t, u)
	if len(before) != 1 || len(after) != 2 || after[0] != before[0] {
		t.Errorf("before the kill %v, after %v", before, after)
	}
}

func TestChangedPasswordCounts(t *testing.T) {
	t.Parallel()
	m := Mail(t)
	old := m.NewUser(t, "anna")
	changed := m.SetPassword(t, old, "new-one")
	m.List(t, changed)
	_, err := m.box.exec(t.Context(), "doveadm", "auth", "test", old.Username, old.Password)
	if err == nil {
		t.Error("the old password still opens the mailbox")
	}
}
