package delivery

// families are the reports for people, by the system that writes them. More
// telling marks come first; what no row knows goes to generic.
var families = []family{
	// Google: new and old texts, and the groups' answer.
	{name: "google_groups", marks: []string{"https://groups.google.com/support/"}, shapes: []shape{}, class: Policy},
	{name: "gmail", marks: []string{"technical details of"}, shapes: []shape{byLine, bySentence}},
	{name: "gmail", marks: []string{"delivery to the following recipient", "-----"}, shapes: []shape{byLine, bySentence}},
	{name: "gmail", marks: []string{"** ", " **", "your message"}, shapes: []shape{bySentence, byLine}, own: true},

	// Exim and what builds on it: GMX, Mail.ru, Zoho, MXLogic speak its sentences.
	{name: "zoho", marks: []string{"this message was created automatically by mail delivery software", "error_code :"}, shapes: []shape{byLead, byLabel}},
	{name: "exim", marks: []string{"message was created automatically by", "could not be delivered", "address"}, shapes: []shape{byColon, byLine, byLead, byLabel}, local: true},
	{name: "exim", marks: []string{"message was created automatically by mail delivery software", "delivered to"}, shapes: []shape{byColon, byLine, byLead, byLabel}, local: true},
	{name: "exim", marks: []string{"a message that you sent", "not yet been delivered"}, shapes: []shape{byColon, byLine, byLead, byLabel}, action: Delayed, local: true},
	{name: "exim", marks: []string{"message that you sent could not be delivered"}, shapes: []shape{byColon, byLine, byLead, byLabel}, local: true},

	// qmail and its children.
	{name: "qmail", marks: []string{"this is the qmail-send program"}, shapes: []shape{byColon, byLine}},
	{name: "qmail", marks: []string{"i'm afraid i wasn't able to deliver your message"}, shapes: []shape{byColon, byLine}},
	{name: "qmail", marks: []string{"i'm not going to try again; this message has been in the queue too long"}, shapes: []shape{byColon, byLine}},
	{name: "yahoo", marks: []string{"sorry, we were unable to deliver your message to the following address"}, shapes: []shape{byColon}, command: "RCPT"},
	{name: "yahoo_japan", marks: []string{"unable to deliver message to the following address(es)"}, shapes: []shape{byColon}},
	{name: "qmail", marks: []string{"--- below this line is a copy of the message"}, shapes: []shape{byColon, byLine}},

	// Postfix.
	{name: "postfix", marks: []string{"this is the postfix program at host"}, shapes: []shape{byColon}},
	{name: "postfix", marks: []string{"this is the mail system at host"}, shapes: []shape{byColon}},
	{name: "postfix_session", marks: []string{"transcript of session follows.", " out: ", " in: "}, shapes: []shape{bySession}},

	// Sendmail, old and new, and systems with its headings.
	{name: "activehunter", marks: []string{"\n>>> ", "following addresses had"}, shapes: []shape{byLine}},
	{name: "mcafee", marks: []string{"--- the following addresses had delivery problems ---"}, shapes: []shape{byLead, byLine}},
	{name: "biglobe", marks: []string{"----- the following addresses had delivery problems -----", "----- non-delivered information -----"}, shapes: []shape{byLine}},
	{name: "sendmail", marks: []string{"the following addresses had"}, shapes: []shape{byLine, byLead, byReply}},
	{name: "sendmail", marks: []string{"transcript of session follows"}, shapes: []shape{byReply, byDeferral, byLine}},

	// Microsoft.
	{name: "exchange", marks: []string{"did not reach the following recipient(s):"}, shapes: []shape{byExchange, byLine, byLead}, own: true},
	{name: "exchange", marks: []string{"your message did not reach some or all of the intended recipients"}, shapes: []shape{byExchange, byLine, byLead}, own: true},
	{name: "exchange", marks: []string{"generating server:"}, shapes: []shape{byLine, byLead, byColon}},
	{name: "exchange", marks: []string{"delivery has failed to these recipients"}, shapes: []shape{byLine, byLead, byColon}},

	// Lotus.
	{name: "notes", marks: []string{"failure reasons"}, shapes: []shape{byLine, byLead, bySentence}, own: true},
	{name: "domino", marks: []string{"was not delivered to:"}, shapes: []shape{byLine, byLead}, own: true},

	// Single-purpose and appliance systems.
	{name: "opensmtpd", marks: []string{"this is the mailer-daemon, please do not reply", "following list of recipients"}, shapes: []shape{byColon}},
	{name: "dragonfly", marks: []string{"there was an error delivering your mail to"}, shapes: []shape{bySentence}},
	{name: "courier", marks: []string{"this is a delivery status notification from"}, shapes: []shape{byColon, byLine, byLead}},
	{name: "courier", marks: []string{"undeliverable mail", "courier"}, shapes: []shape{byColon, byLine, byLead}},
	{name: "imail", marks: []string{"original message follows.", ": "}, shapes: []shape{byLabel, byLine, byColon, bySentence}, own: true},
	{name: "mailfoundry", marks: []string{"unable to deliver message to:", "delivery failed for the following reason"}, shapes: []shape{byLabel}},
	{name: "m_filter", marks: []string{"-------server message"}, shapes: []shape{byLine, byColon}},
	{name: "mailmarshal", marks: []string{"could not be delivered because of", "recipients were affected"}, shapes: []shape{byAffected, byLine}},
	{name: "surfcontrol", marks: []string{"your message could not be sent.", "addressed to:"}, shapes: []shape{byColon, byLabel}},
	{name: "interscan", marks: []string{"sent >>>", "received <<<"}, shapes: []shape{byLabel, byLine}},
	{name: "messagelabs", marks: []string{"this is the mail delivery agent at"}, shapes: []shape{byColon, byLine}},
	{name: "oracle_messaging", marks: []string{"this report relates to a message you sent"}, shapes: []shape{byLabel}},
	{name: "einsundeins", marks: []string{"for the following reason:"}, shapes: []shape{byLine, byColon}},
	{name: "james", marks: []string{"error message below:", "message details:", "rcpt to:"}, shapes: []shape{byLabel}},
	{name: "kddi", marks: []string{"your mail sent on:", "could not be delivered to"}, anyone: true, shapes: []shape{bySentence, byLabel}},
	{name: "ezweb", marks: []string{"the user(s) "}, shapes: []shape{byLine}, own: true},
	{name: "ezweb", marks: []string{"each of the following recipients was rejected by a remote mail server"}, shapes: []shape{byLabel, byLine}},
	{name: "verizon", marks: []string{"message could not be delivered to mobile"}, anyone: true, shapes: []shape{byLabel, byLine}, own: true},
	{name: "verizon", marks: []string{"your message could not be delivered", "rcpt to:"}, anyone: true, shapes: []shape{byLabel, byLine}},
	{name: "fml", marks: []string{"original mail as follows:", "duplicated message-id"}, shapes: []shape{bySentence}},
	{name: "fml", marks: []string{"original mail as follows:", "loop"}, shapes: []shape{bySentence}},
	{name: "fml", marks: []string{"original mail as follows:", "reject"}, shapes: []shape{bySentence}},
}

// byExchange: "a@b on Thu, 29 Apr 2010 …" and what follows, as the connectors of
// Exchange 5.5 to 2003 write it.
func byExchange(lines []string) []mention {
	start := 0
	for i, line := range lines {
		l := trimLower(line)
		if hasSuffixAny(l, "following recipient(s):", "recipient(s) cannot be reached:", "recipient(s) could not be reached:", "recipient(s) did not receive the message:") {
			start = i + 1
			break
		}
	}
	found := collect(lines[start:], func(line string) (string, string) {
		a, rest := cutAddress(trim(line))
		if a == "" || !hasPrefixAny(trim(rest), "on ") {
			return "", ""
		}
		return a, ""
	}, true)
	for i := range found {
		found[i].line += start
	}
	return found
}

// byAffected: MailMarshal puts the reason above the list of recipients.
func byAffected(lines []string) []mention {
	reason, list := -1, -1
	for i, line := range lines {
		l := trimLower(line)
		if reason < 0 && hasPrefixAny(l, "could not be delivered because of") {
			reason = i
		}
		if hasPrefixAny(l, "the following recipients were affected") {
			list = i
			break
		}
	}
	if list < 0 {
		return nil
	}
	found := byLine(lines[list:])
	for i := range found {
		found[i].said = nil
		if reason >= 0 && reason < list {
			found[i].said = lines[reason:list]
		}
	}
	return found
}

// byDeferral: "<a@b>... Deferred: Connection refused", as Sendmail ends a session.
func byDeferral(lines []string) []mention {
	return collect(lines, func(line string) (string, string) {
		a, rest := cutAddress(trim(line))
		if a == "" || !hasPrefixAny(rest, "...") {
			return "", ""
		}
		return a, trim(rest[3:])
	}, false)
}

// bySession: the transcript of an SMTP session that Postfix sends its postmaster:
// the recipients asked for before the last refusal, and that refusal.
func bySession(lines []string) []mention {
	var out []mention
	refusal := ""
	for i, line := range lines {
		l := trimLower(line)
		switch {
		case hasPrefixAny(l, "in:  rcpt", "in: rcpt"):
			if j := indexByte(line, '<'); j >= 0 {
				if a, _ := cutAddress(line[j:]); a != "" {
					out = append(out, mention{address: a, line: i})
				}
			}
		case hasPrefixAny(l, "out: 4", "out: 5"):
			refusal = trim(trim(line)[len("out:"):])
		}
	}
	for i := range out {
		if refusal != "" {
			out[i].said = []string{refusal}
		}
	}
	return merge(out)
}
