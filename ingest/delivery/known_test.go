package delivery_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/ingest/delivery"
)

// TestKnownAnswers: what mail systems are documented to answer, each in a plain report (RFC 3464), and its class.
func TestKnownAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class         delivery.Class
		status, reply string
	}{
		// Exchange Online
		{delivery.UnknownUser, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient x@y.example not found by SMTP address lookup"},
		{delivery.UnknownUser, "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"},
		{delivery.MailboxFull, "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception"},
		{delivery.MailboxDisabled, "5.2.1", "550 5.2.1 STOREDRV.Deliver; mailbox is disabled"},
		{delivery.Policy, "5.7.1", "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy"},
		{delivery.Policy, "5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group"},
		{delivery.Policy, "5.7.124", "550 5.7.124 RESOLVER.RST.NotAuthorized; sender not in allowed-senders list"},
		{delivery.Policy, "5.7.708", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."},
		{delivery.Policy, "5.7.501", "550 5.7.501 Service unavailable. Access denied, spam abuse detected"},
		{delivery.Policy, "5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]"},
		{delivery.Policy, "5.1.8", "550 5.1.8 Access denied, bad outbound sender"},
		{delivery.Policy, "5.7.23", "550 5.7.23 The message was rejected because of Sender Policy Framework violation"},
		{delivery.Policy, "5.7.64", "550 5.7.64 TenantAttribution; Relay Access Denied"},
		{delivery.Policy, "5.1.20", "550 5.1.20 Multiple From addresses are not allowed without Sender address"},
		{delivery.TooLarge, "5.2.3", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient"},
		{delivery.TooLarge, "5.3.4", "552 5.3.4 Message size exceeds fixed maximum message size"},
		{delivery.RateLimited, "5.2.121", "550 5.2.121 The recipient has exceeded their limit for messages from the sender"},
		{delivery.RateLimited, "5.2.122", "550 5.2.122 The recipient has exceeded the number of messages per hour that it may receive"},
		{delivery.Unreachable, "5.4.300", "550 5.4.300 Message expired -> 451 4.4.0 Primary target IP address responded with an error"},
		{delivery.Unreachable, "5.4.316", "550 5.4.316 Message expired, connection refused (Socket error code 10061)"},
		{delivery.HostUnknown, "5.4.310", "550 5.4.310 DNS domain y.example does not exist [Message=InfoDomainNonexistent]"},
		{delivery.Unreachable, "5.4.312", "550 5.4.312 Message expired, DNS query failed"},
		{delivery.Unreachable, "5.4.14", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34"},
		{delivery.UnknownUser, "5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable (in reply to RCPT TO command)"},
		// Gmail
		{delivery.UnknownUser, "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550 5.1.1 double-checking the recipient's email address for typos"},
		{delivery.MailboxFull, "5.2.2", "552-5.2.2 The recipient's inbox is out of storage space and inactive."},
		{delivery.MailboxDisabled, "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled."},
		{delivery.MailboxDisabled, "5.2.1", "550-5.2.1 The email account that you tried to reach is inactive."},
		{delivery.RateLimited, "4.2.1", "450-4.2.1 The user you are trying to contact is receiving mail at a rate that 450-4.2.1 prevents additional messages from being delivered."},
		{delivery.RateLimited, "5.4.5", "550 5.4.5 Daily user sending limit exceeded."},
		{delivery.Policy, "5.7.26", "550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM."},
		{delivery.Policy, "5.7.0", "552-5.7.0 This message was blocked because its content presents a potential security issue."},
		{delivery.Policy, "5.7.1", "550-5.7.1 Our system has detected that this message is likely unsolicited mail."},
		{delivery.Policy, "5.7.25", "550-5.7.25 The IP address sending this message does not have a PTR record setup"},
		// Yahoo
		{delivery.UnknownUser, "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.example) [0] - mta1"},
		{delivery.MailboxDisabled, "5.0.0", "554 delivery error: dd Sorry your message to x@yahoo.example cannot be delivered. This account has been disabled or discontinued [#102]."},
		{delivery.UnknownUser, "5.0.0", "552 1 Requested mail action aborted, mailbox not found (in reply to RCPT TO command)"},
		{delivery.MailboxFull, "5.0.0", "552 1 Requested mail action aborted: mailbox quota exceeded"},
		{delivery.Policy, "5.7.9", "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes"},
		{delivery.Policy, "4.7.0", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints"},
		// Apple
		{delivery.MailboxFull, "5.2.2", "552 5.2.2 <x@icloud.example>: user is over quota"},
		{delivery.Policy, "5.7.1", "554 5.7.1 [CS01] Message rejected due to local policy."},
		// Security gateways
		{delivery.Policy, "5.7.0", "554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1"},
		{delivery.Policy, "", "550 Administrative prohibition - envelope blocked"},
		{delivery.Policy, "", "554 Email rejected due to security policies - MCSpamSignature.x.y"},
		{delivery.UnknownUser, "", "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 (in reply to RCPT TO command)"},
		{delivery.Policy, "", "550 permanent failure for one or more recipients (x@y.example:blocked)"},
		{delivery.UnknownUser, "", "550 permanent failure for one or more recipients (x@y.example:550 5.1.1 User unknown)"},
		{delivery.Policy, "", "554 Denied (Mode: normal)"},
		{delivery.UnknownUser, "", "550 No such user - psmtp (in reply to RCPT TO command)"},
		// Providers
		{delivery.UnknownUser, "5.1.1", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]"},
		{delivery.MailboxFull, "5.2.2", "552 5.2.2 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]"},
		{delivery.UnknownUser, "", "550 Requested action not taken: mailbox unavailable (in reply to RCPT TO command)"},
		{delivery.MailboxFull, "", "552 Requested mail action aborted: exceeded storage allocation Quota exceeded"},
		{delivery.Policy, "", "554 Transaction failed Reject due to policy restrictions."},
		{delivery.UnknownUser, "", "550 Message was not accepted -- invalid mailbox. Local mailbox x@mail.example is unavailable: user not found (in reply to RCPT TO command)"},
		{delivery.MailboxDisabled, "", "550 Message was not accepted -- invalid mailbox. Local mailbox x@mail.example is unavailable: account is disabled"},
		{delivery.Policy, "", "550 spam message rejected. Please visit http://help.mail.example/notspam-support"},
		{delivery.UnknownUser, "5.7.1", "550 5.7.1 No such user! (in reply to RCPT TO command)"},
		{delivery.Policy, "5.7.1", "554 5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc"},
		{delivery.UnknownUser, "", "550 Mailbox not found. http://service.mail.qq.example (in reply to RCPT TO command)"},
		{delivery.RateLimited, "", "550 Domain frequency limited. http://service.mail.qq.example"},
		{delivery.Policy, "", "554 DT:SPM mx1, please see http://mail.163.example/help"},
		{delivery.UnknownUser, "5.1.1", "550 5.1.1 User does not exist - <x@zoho.example>"},
		{delivery.UnknownUser, "5.1.1", "550 5.1.1 Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address."},
		// Sendmail, Postfix, Exim, qmail, Courier, OpenSMTPD, Zimbra, Domino, X.400
		{delivery.UnknownUser, "5.1.1", "550 5.1.1 <x@y.example>... User unknown"},
		{delivery.Policy, "5.7.1", "550 5.7.1 <x@y.example>... Relaying denied. Proper authentication required."},
		{delivery.HostUnknown, "5.1.2", "550 5.1.2 <x@y.invalid>... Host unknown (Name server: y.invalid: host not found)"},
		{delivery.Unreachable, "5.4.6", "554 5.4.6 Too many hops 26 (25 max)"},
		{delivery.UnknownUser, "5.1.1", "550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in virtual mailbox table"},
		{delivery.HostUnknown, "5.1.0", "556 5.1.10 <x@y.example>: Recipient address rejected: Domain y.example does not accept mail (nullMX)"},
		{delivery.Policy, "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"},
		{delivery.MailboxFull, "5.2.2", "552 5.2.2 <x@y.example> Quota exceeded (mailbox for user is full)"},
		{delivery.MailboxFull, "4.2.2", "452 4.2.2 Over quota"},
		{delivery.Unreachable, "5.0.0", "retry timeout exceeded"},
		{delivery.MailboxFull, "5.0.0", "mailbox is full (MTA-imposed quota exceeded while writing to tmp/1.M2P3)"},
		{delivery.UnknownUser, "5.1.1", "Sorry, no mailbox here by that name. vpopmail (#5.1.1)"},
		{delivery.HostUnknown, "5.1.2", "Sorry, I couldn't find any host named y.invalid. (#5.1.2)"},
		{delivery.Unreachable, "4.4.1", "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1) I'm not going to try again; this message has been in the queue too long."},
		{delivery.Policy, "5.7.1", "513 Relaying denied."},
		{delivery.UnknownUser, "", "550 Invalid recipient: <x@y.example> (in reply to RCPT TO command)"},
		{delivery.HostUnknown, "", "No MX found for domain"},
		{delivery.Unreachable, "", "Network error on destination MXs"},
		{delivery.UnknownUser, "", "User x (x@y.example) not listed in Domino Directory"},
		{delivery.Unreachable, "", "Maximum hop count exceeded. Message probably in a routing loop."},
		{delivery.UnknownUser, "", "X400; reason: unable-to-transfer, diagnostic: unrecognised-OR-name"},
		{delivery.TooLarge, "", "X400; diagnostic: content-too-long"},
		{delivery.Unreachable, "", "X400; diagnostic: maximum-time-expired"},
		{delivery.Unreachable, "", "X400; diagnostic: loop-detected"},
	} {
		status := c.status
		if status == "" {
			status = "5.0.0"
		}
		action := "failed"
		if status[0] == '4' && !strings.Contains(c.reply, "not going to try") {
			action = "delayed"
		}
		diagnostic := "smtp; " + c.reply
		if system, rest, ok := strings.Cut(c.reply, "; "); ok && system == "X400" {
			diagnostic = "x-x400; " + rest
		}
		raw := fmt.Sprintf("From: MAILER-DAEMON@mx.example\r\nTo: a@us.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nIt was not delivered.\r\n"+
			"--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\n"+
			"Action: %s\r\nStatus: %s\r\nDiagnostic-Code: %s\r\n\r\n--B--\r\n", action, status, diagnostic)
		r, ok := delivery.Read([]byte(raw))
		if !ok || len(r.Recipients) != 1 {
			t.Errorf("%s: no report of one recipient", c.reply)
			continue
		}
		if got := r.Recipients[0].Class; got != c.class {
			t.Errorf("%s\n  is %s, want %s", c.reply, got, c.class)
		}
	}
}
