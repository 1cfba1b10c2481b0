//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// TestS06S08ControlCharactersAndBombs: mail with CR, LF and NUL wherever a name can stand becomes no header and no line of its own
// on its way through the mailbox, the feed, a download and a draft; a bomb beside it is put aside with a reason.
func TestS06S08ControlCharactersAndBombs(t *testing.T) {
	t.Parallel()
	o := newLocalOffice(t)
	word := func(text string) string { // says what no header can say as it is
		return "=?utf-8?Q?" + strings.NewReplacer("\r", "=0D", "\n", "=0A", "\x00", "=00", " ", "_", ":", "=3A").Replace(text) + "?="
	}
	const injected = "x\r\nX-Injected: yes\r\n\r\nbody\x00"
	evil := "Message-ID: <evil@x>\r\nDate: " + time.Now().UTC().Format(time.RFC1123Z) + "\r\nFrom: " + word(injected) + " <kim@customer.example>\r\n" +
		"To: \"a" + "\x00" + "b\" <ada@corp.example>, \"c\r\n d\" <" + word("y\r\nz") + "@customer.example>\r\nSubject: " + word(injected) + "\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\ntext with a \x00 in it\r\n--B\r\n" +
		"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''a%0D%0AX-Injected:%20yes%0D%0A%0D%0A%00..%2Fb.pdf\r\n\r\nfile\r\n--B--\r\n"
	bomb := "Message-ID: <bomb@x>\r\nFrom: kim@customer.example\r\nTo: ada@corp.example\r\nMIME-Version: 1.0\r\n"
	for level := range 10_000 {
		if level > 0 {
			bomb += fmt.Sprintf("--b%d\r\n", level-1)
		}
		bomb += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n", level)
	}
	o.letters("INBOX", 1)
	for _, raw := range []string{evil, bomb} {
		if _, err := o.server.Append("ada", "INBOX", nil, time.Now(), []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	o.letters("INBOX", 1)
	o.connect()
	o.await(syncPatience, "live", 3)
	o.exec(`do $$ begin
		if (select count(*) from ledger where disposition = 'quarantined' and reason = 'too_deep' and uid = 3) <> 1 then
			raise 'the bomb is not put aside with its reason';
		end if; end $$`)

	ada := o.crm.As(t, "ada")
	var feed struct {
		Items []struct {
			Message, Subject string
			Attachments      []struct {
				N    int
				Name string
			}
		}
	}
	a := ada.Get(t, "/cards/contact/kim/feed?limit=10")
	a.JSON(t, &feed)
	if strings.Contains(string(a.Body), `\u0000`) {
		t.Errorf("the feed holds a NUL:\n%s", a.Body)
	}
	met := false
	for _, item := range feed.Items {
		if !strings.HasPrefix(item.Subject, "x") || len(item.Attachments) != 1 {
			continue
		}
		met = true
		if strings.ContainsAny(item.Subject+item.Attachments[0].Name, "\r\n\x00") {
			t.Errorf("control characters in %q or %q", item.Subject, item.Attachments[0].Name)
		}
		for what, answer := range map[string]*testenv.Answer{
			"download": ada.Get(t, fmt.Sprintf("/messages/%s/attachments/%d", item.Message, item.Attachments[0].N)),
			"draft":    ada.Do(t, http.MethodPost, "/messages/"+item.Message+"/forward", nil),
		} {
			if answer.Status != http.StatusOK || answer.Header.Get("X-Injected") != "" {
				t.Errorf("the %s: %d %v", what, answer.Status, answer.Header)
			}
			if d := answer.Header.Get("Content-Disposition"); strings.ContainsAny(d, "\r\n\x00/") || what == "download" && !strings.HasPrefix(d, "attachment; ") {
				t.Errorf("the %s is named %q", what, d)
			}
			head, _, _ := strings.Cut(string(answer.Body), "\r\n--B\r\n") // of the draft, the headers of the original included
			if strings.Contains(head, "\nX-Injected") || strings.Contains(head, "\rX-Injected") {
				t.Errorf("the %s has a header that the mail smuggled in:\n%q", what, head)
			}
		}
	}
	if !met {
		t.Errorf("the feed lacks the mail: %s", a.Body)
	}
}
