//go:build unix

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

func init() {
	registerOnRequest("backfill_1m", backfillMillion, "backfill_peak_rss_mb_1m")
}

const (
	millionMessages = 1_000_000
	// millionPatience: some minutes on an idle machine.
	millionPatience = 3 * time.Hour
)

// backfillMillion is the back-fill of a mailbox of a million small messages, a fifth of them matching, from a server that
// makes each message up when it is asked for: a Maildir of a million files would measure the disk.
func backfillMillion(b *bench) {
	u := testenv.User{Address: "ann@us.example", Username: "ann", Password: "secret"}
	host, port := serveEndless(b, u, millionMessages)
	in := newInstallation(b, nil, "MAILSTAMP_ALLOW_PRIVATE_IMAP="+host)
	defer in.worker.Kill(b) // before the server, which waits for its connections
	in.tellContacts(b, u, endlessAddresses())
	in.putMailbox(b, host, port, u, nil)
	took := in.awaitLive(b, time.Now(), millionPatience)
	rss, cpu := processUse(b, in.worker.Pid())
	if known := in.count(b, "ledger"); known != millionMessages {
		b.Fatalf("%d in the ledger", known)
	}
	b.Logf("took %v, the worker's processor time %.0f s", took.Round(time.Second), cpu)
	b.report("backfill_peak_rss_mb_1m", rss, "MB")
}

// endlessMatching addresses have cards.
const endlessMatching = 200

func endlessAddress(n uint32) string {
	if n%backfillMatching == 0 {
		return fmt.Sprintf("joe%d@customer.example", n/backfillMatching%endlessMatching)
	}
	return fmt.Sprintf("person%d@elsewhere.example", n%5000)
}

// endlessAddresses are those that have cards.
func endlessAddresses() (addresses []string) {
	for n := range endlessMatching {
		addresses = append(addresses, endlessAddress(uint32(n*backfillMatching)))
	}
	return addresses
}

// endlessMessage is the nth message: inbound, in threads of three.
func endlessMessage(n uint32) (header, body string) {
	var h strings.Builder
	from := endlessAddress(n / 3)
	fmt.Fprintf(&h, "From: Somebody <%s>\r\nTo: Ann <ann@us.example>\r\nSubject: Order %d\r\nMessage-ID: <%d@%s>\r\n",
		from, n/3, n, "elsewhere.example")
	if n%3 != 0 {
		fmt.Fprintf(&h, "In-Reply-To: <%d@elsewhere.example>\r\n", n-1)
	}
	fmt.Fprintf(&h, "Date: %s\r\n\r\n", endlessDate(n).Format(time.RFC1123Z))
	return h.String(), fmt.Sprintf("Order number %d is on its way, as we said. It weighs %d kg.\r\n", n, n%97)
}

// endlessDate spreads the messages over the last 23 months, a minute apart.
func endlessDate(n uint32) time.Time {
	return endlessNow.Add(-time.Duration(millionMessages-n) * time.Minute)
}

var endlessNow = time.Now().Truncate(time.Minute)
