// Package delivery reads what other systems say became of a sent message: bytes of
// a mail in, evidence per recipient out (SPEC 7). It is pure, it never decides what
// a message's status is, and it trusts nothing it reads: tying a report to a message
// is the caller's, by what Report carries for it.
//
// It reads RFC 3464 and 6533 reports, RFC 8098 notifications, RFC 5965 complaints,
// RFC 3834 automatic answers, and texts for people: a table of families says how each
// mail system writes (families.go), one classifier what it means (judge.go, phrases.go).
//
// Invariants: Read never panics and never fails; every loop has a bound (limits.go);
// mail that a person wrote or forwarded is no report; no rule knows a single message.
//
// # Classes
//
// Hard means that trying again is of no use: unknown_user, and host_unknown under a
// code that does not start with 4, once the system has given up. All else is soft.
//
//	unknown_user      no such address, or not any more       x.1.0 x.1.1 x.1.3 x.1.5 x.1.6, 551
//	host_unknown      no such domain, or it takes no mail    x.1.2 x.1.10 5.3.2 5.4.4 5.7.27, 521, 556
//	mailbox_full      quota exceeded                         x.2.2, 552
//	mailbox_disabled  suspended, inactive, locked            x.2.1 5.7.13, 525
//	policy            refused by a rule or a filter: spam,   x.1.4 x.1.7 x.1.8 x.1.20 x.2.0
//	                  reputation, authentication, relaying,  x.6 x.7, 553, 554
//	                  content, the sender, or "user unknown"
//	                  where it proves nothing (below)
//	too_large         the mail is too big                    x.2.3 x.3.4
//	rate_limited      too many at once                       x.5.3 x.1.90 x.2.121 x.2.122
//	unreachable       no answer, or given up waiting         x.4, 421
//	system            the receiving system failed            x.2.4 x.3 x.4.3 x.4.5 x.5, 45x, 50x
//	complaint         the recipient called it spam           –
//	auto_reply        an automatic answer                    –
//	other             it does not say                        –
//
// Telling phrases outweigh codes, codes outweigh vague phrases, what was said of a
// recipient outweighs what was said of all. "User unknown" makes unknown_user, and
// hard, only with proof: it answers RCPT, a code x.1.x or 5.2.1 confirms it, or the
// system speaks of its own users; after the content filters answer so, about users
// who exist. Before a recipient was named it is the sender who was refused: policy.
// The enhanced code is the remote system's own, else the Status field's; the code of
// expiry (x.4.7) gives way to that of its cause.
//
// The reasons other tools tell apart map so: userunknown, hasmoved → unknown_user;
// hostunknown, notaccept → host_unknown; mailboxfull → mailbox_full; suspend →
// mailbox_disabled; mesgtoobig, exceedlimit → too_large; toomanyconn, speeding →
// rate_limited; expired, networkerror → unreachable; systemerror, systemfull,
// mailererror, syntaxerror → system; filtered, rejected, blocked, policyviolation,
// authfailure, securityerror, spamdetected, virusdetected, requireptr, norelaying,
// notcompliantrfc, badreputation, contenterror, failedstarttls → policy; feedback →
// complaint; vacation → auto_reply; onhold, undefined → other; delivered → no class.
package delivery
