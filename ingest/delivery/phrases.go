package delivery

// A rule maps a list of phrases (lower case, one blank between words) to a class.
type rule struct {
	class Class
	sense sense
	code  string // applies under enhanced codes that start so only
	list  int    // of phrases, in the matcher
}

// sense says what more it takes to believe a phrase.
type sense int

const (
	plainly    sense = iota
	saidOfUser       // needs the proof of userProven
	saidOfHost       // a temporary code makes it a failure of the network
)

var phrases matcher

var (
	fullList       = phrases.add(fullPhrases)
	largeList      = phrases.add(largePhrases)
	ownUserList    = phrases.add(ownUserPhrases)
	nullList       = phrases.add(nullPhrases)
	resolverList   = phrases.add(resolverPhrases)
	reputationList = phrases.add(reputationPhrases)
	rateList       = phrases.add(ratePhrases)
	disabledList   = phrases.add(disabledPhrases)
	policyList     = phrases.add(policyPhrases)
	hostList       = phrases.add(hostPhrases)
	userList       = phrases.add(userPhrases)
	networkList    = phrases.add(networkPhrases)
	systemList     = phrases.add(systemPhrases)
	cpanelList     = phrases.add([]string{"account or domain may not exist", "missing the proper dns"})
)

// strongRules hold telling phrases, the more telling ones first. They are sentences
// that mail systems are known to use, never those of one message.
var strongRules = []rule{
	{class: UnknownUser, code: "5.4.1", list: phrases.add([]string{"recipient address rejected: access denied"})},
	{class: MailboxFull, list: fullList},
	{class: System, list: phrases.add([]string{
		"procmail:", "command died with status", "pipe to |", "mailer error", "error writing message", "cannot append message", "queue file write error",
		"no space left on device", "insufficient disk space", "insufficient system storage", "insufficient system resources",
		"message storage unavailable",
	})},
	{class: HostUnknown, sense: saidOfHost, list: cpanelList},
	{class: UnknownUser, list: ownUserList},
	{class: HostUnknown, list: nullList},
	{class: Unreachable, list: resolverList},
	{class: Policy, list: reputationList},
	{class: RateLimited, list: rateList},
	{class: TooLarge, list: largeList},
	{class: MailboxDisabled, list: disabledList},
	{class: Policy, list: policyList},
	{class: HostUnknown, sense: saidOfHost, list: hostList},
	{class: UnknownUser, sense: saidOfUser, list: userList},
	{class: Unreachable, list: networkList},
	{class: System, list: systemList},
}

// farRules search what is said of all recipients, or around them. Sentences about
// rules and systems stand in every such text and prove nothing there.
var farRules = []rule{
	{class: HostUnknown, sense: saidOfHost, list: cpanelList},
	{class: MailboxFull, list: fullList},
	{class: TooLarge, list: largeList},
	{class: UnknownUser, list: ownUserList},
	{class: HostUnknown, list: nullList},
	{class: Unreachable, list: resolverList},
	{class: Policy, list: reputationList},
	{class: MailboxDisabled, list: disabledList},
	{class: HostUnknown, sense: saidOfHost, list: hostList},
	{class: UnknownUser, sense: saidOfUser, list: userList},
	{class: Unreachable, list: networkList},
}

// weakRules hold phrases that a code outweighs.
var weakRules = []rule{
	{class: System, list: phrases.add([]string{
		"x-unix", "service unavailable", "service currently unavailable", "service not available", "temporarily unavailable", "transaction failed",
		"command rejected", "protocol error", "server error", "unknown error", "unexpected error", "internal error", "service is temporarily",
		"processing error",
	})},
	{class: Policy, list: phrases.add([]string{
		"not allowed", "not accepted", "message rejected", "mail rejected", "rejected by", "was rejected", "refused to talk to me", "permission",
		"restricted", "rejected:", "reject,", "refused to accept your message", "administrative prohibition", "denied", "prohibited", "blocked",
		"rejected.", "not a registered",
	})},
	{class: UnknownUser, sense: saidOfUser, list: phrases.add([]string{
		"address rejected", "recipient rejected", "recipient address", "rejected address", "rejected recipient", "invalid address", "does not exist",
		"bad address",
	})},
	{class: Unreachable, list: phrases.add([]string{"in the queue too long", "timeout", "time out", "expired", "not delivered within", "retry", "for the last", "giving up", "attempts:"})},
	{class: Other, list: phrases.add([]string{"on hold", "try again later", "temporary error", "temporary problem", "temporary failure", "deferred"})},
	{class: Policy, list: phrases.add([]string{"rejected", "refused"})},
}

var fullPhrases = []string{
	"mailbox quota usage exceeded", "exceeded storage allocation", "too many mails on", "zuviele mails auf dem server", "user has exceeded",
	"casilla excedida", "mailbox usage", "mailbox storage", "insufficient space", "out of space", "no space for user", "no room in mailbox",
	"user storage", "exceeded disk", "over the allowed quota", "allotted space", "boîte aux lettres est pleine", "exceeded email quota", "email quota",
	"quota is full", "quota limit", "is over quota", "exceeded mail", "message too large for recipient quota", "over the storage", "mailbox full",
	"mailbox is full", "mail box full", "mail box is full", "mailbox has exceeded", "over quota", "overquota", "over the quota", "over its quota",
	"over disk quota", "quota exceeded", "exceeded quota", "exceeds quota", "exceed quota", "exceeded the quota", "exceeded their quota",
	"exceeded his quota", "exceeded your quota", "exceeds their quota", "quota exceed", "quota has been exceeded", "exceeded storage",
	"exceeded the storage", "exceeded its storage", "exceeded his/her", "storage quota", "storage limit", "out of storage", "mailfolder is full",
	"mail folder is full", "folder is full", "inbox is full", "inbox full", "account is full", "user is over", "disk quota", "quota full",
	"insufficient quota", "not enough storage space", "not enough disk space", "not enough space", "mailbox size limit exceeded",
	"mailbox limit exceeded", "mailbox exceeds", "mailbox exceeded", "mailbox size exceeded", "exceeds allowed size", "too much mail data",
	"no space left for this user", "mailbox quota", "maximum mailbox size", "exceeded the local limit", "exceeds the local limit", "quota violation",
	"exhausted allowed storage", "would exceed mailbox allocation", "would exceed quota", "mailbox_full", "mailboxfull", "recipient storage full",
	"storage is full", "too many messages on this mailbox", "reached disk quota", "space quota", "mail quota", "boite du destinataire pleine",
	"boîte pleine", "boite aux lettres pleine", "postfach ist voll", "postfach voll", "casella piena", "buzón lleno", "casilla llena",
	"mailbox for user is full", "user's mailbox is full", "mailbox is overquota", "recipient over quota", "size of mailbox", "quotaexceeded",
	"quota_exceeded", "too full", "переполнен", "recipient's mailbox is full", "has too many messages", "full mailbox", "exceeded allowed storage",
	"recipient's inbox is out of", "exceeded mailbox", "mailbox would exceed", "mailfull", "maildir over quota", "maildir delivery failed: quota",
}

var largePhrases = []string{
	"too large for", "message is larger than", "exceeds our maximum", "exceed the maximum", "message size exceed", "maximum size", "greater than the",
	"over the maximum message", "too large (", "data size exceeds", "size of this message", "message is too long", "message too long",
	"content length exceeds", "message size exceeds", "message too large", "message is too large", "message too big", "message is too big",
	"mail too large", "mail is too large", "message file too big", "message file is too big", "maximum message size", "max message size",
	"exceeds maximum", "exceeds fixed maximum", "exceeded maximum message", "exceeds the maximum", "size exceeds", "message size limit",
	"mail size limit exceeded", "exceeds size limit", "size limit exceeded", "exceeds administrative limit", "message length exceeds",
	"message exceeds", "exceeded the maximum message", "message larger than", "larger than the current maximum", "message size limits",
	"recipsizelimit", "sendsizelimit", "sizelimit", "too big for", "content-too-long", "file too large", "email too large", "exceeds allowed maximum",
	"allowed maximum size", "maximum allowed size", "taille maximum", "size of the message",
}

var reputationPhrases = []string{
	"reputation", "user complaints", "[tss0", "due to unusual rate of unsolicited", "unsolicited mail", "spamhaus", "spamcop", "dnsbl", "blacklist",
	"black list", "blocklist", "block list", "blocked using", "dmarc", "content rejected", "refused to talk to me", "relay access denied",
}

var ratePhrases = []string{
	"exceeds the maximum number", "exceeded the maximum number", "maximum number of",
	"server busy", "server too busy", "too busy", "system load is too high", "load average", "exceeded the rate", "exceeded your",
	"exceeded its max emails", "max_emails_per_hour", "recipient thread limit", "peak smtp relay limit", "delivery attempts exceeded", "mail volume",
	"exceeded their limit for", "exceeded the number of messages", "outbound limit", "sending quota", "send limit", "too many unknown", "too much load", "recipients limit", "max recipients", "recipients exceeded",
	"recipient limit", "try reducing", "connections from your", "too many errors", "spooled too many", "too many connections", "too many concurrent",
	"too many simultaneous", "connection rate", "rate limit", "ratelimit", "rate-limit", "too many messages", "too many recipients", "too many mails",
	"too many emails", "message rate", "throttl", "sending too many", "sent too many", "connection limit", "too many sessions",
	"receiving mail at a rate", "too quickly", "too fast", "defers and failures per hour", "per hour exceeded", "emails per hour", "messages per hour",
	"recipients per hour", "daily limit", "hourly limit", "sending limit", "daily user sending", "number of connections", "concurrent connections",
	"concurrent smtp", "slow down", "exceeded the maximum number of", "too many invalid recipients", "sending rate", "too many rcpt", "max number of",
	"out of quota for outgoing", "too many smtp sessions", "daily message quota", "recipients this hour", "connection frequency", "too frequent",
	"frequency limited", "high volume",
}

var disabledPhrases = []string{
	"expirado por falta de uso", "no longer accepts mail", "address is administratively disabled", "administratively disabled", "desactivee",
	"inactivo", "bloccato per inutilizzo", "blocked due to inactivity", "not currently being accepted for this mailbox", "user locked", "locked user",
	"account is unavailable", "account unavailable", "is deactivated", "disabled for this recipient", "disabled account", "mailbox locked or suspended",
	"nieaktywne", "zablokowane", "has not been accessed", "hasn't been used", "not been used", "user is locked", "account overdue", "domain suspended",
	"suspended for", "temporarily suspended", "service suspended", "compte bloqué", "removed from service", "abandoned", "account has been closed",
	"terminated", "is not allowed to receive", "account disabled", "account is disabled", "account has been disabled",
	"account that you tried to reach is disabled", "that you tried to reach is inactive", "disabled recipient", "recipient disabled", "user disabled",
	"user is disabled", "mailbox disabled", "mailbox is disabled", "mailbox has been disabled", "account(s) is disabled", "user(s) account is disabled",
	"has been disabled", "account has been suspended", "account suspended", "account is suspended", "user suspended", "user is suspended",
	"mailbox suspended", "mailbox is suspended", "has been suspended", "user account is temporarily", "recipient suspend the service",
	"account inactive", "account is inactive", "inactive account", "mailbox inactive", "mailbox is inactive", "user inactive", "inactive user",
	"user is inactive", "recipient is inactive", "inactive mailbox", "account is locked", "account locked", "mailbox locked", "mailbox is locked",
	"mailbox is frozen", "mailbox frozen", "account is frozen", "account is blocked", "account blocked", "mailbox is blocked", "mailbox blocked",
	"recipient blocked", "recipient is blocked", "account temporarily", "temporarily locked", "temporary locked", "mailbox temporarily disabled",
	"temporarily deactivated", "account expired", "account is expired", "account has expired", "mailbox expired", "account closed", "account is closed",
	"mailbox closed", "deactivated", "not activated", "account is not active", "user is not active", "mailbox not active", "recipient not active",
	"account not active", "not accepting messages", "not accepting mail", "is not currently accepting", "not currently accepting mail",
	"compte du destinataire est bloque", "compte est bloque", "has been blocked for inactivity", "boite du destinataire archivee", "archived",
	"dormant", "no longer active", "domain is suspended", "gesperrt", "deaktiviert", "bloqueado", "disattivat", "заблокирован", "cuenta inactiva",
	"compte désactivé", "unpaid", "account has been locked",
}

var policyPhrases = []string{
	"verification of your", "requires that you verify", "no relaying allowed", "isn't in my list of allowed rcpthosts", "rcpthosts",
	"administrative prohibition", "bad ip profile", "antispam", "antyspam", "dial-up", "dialup", "password protected", "banned file",
	"security regulations", "does not comply", "does not pass", "you have been blocked", "has blocked", "block reason", "your message was declared",
	"too many spams", "too many bounces", "mail refused", "message refused", "connection refused due to", "not allowed access", "refused due to",
	"rejected for policy", "declined", "denied by", "envelope blocked", "sc-00", "ou-00", "dy-00", "blocked - see", "bounce attack", "forged", "spoof",
	"impersonat", "look-alike", "lookalike", "fails authentication", "failed authentication", "failing authentication", "doesn't meet", "does not meet",
	"authenticity", "ip address is", "from your network", "your domain", "tls is required", "secure connection", "certificate", "daneverif", "mta-sts",
	"encrypt", "cannot be authenticated", "client was not authenticated", "anonymous", "bad outbound sender", "tenant", "sender is not", "sender must",
	"sender does not", "header validation", "invalid header", "no from header", "from: header", "invalid from", "from header", "missing from",
	"duplicate header", "8-bit characters", "non-ascii", "invalid content", "rejected content", "message looks like", "looks like", "uribl", "surbl",
	"url in", "links in", " spf ", "spf check", "spf fail", "(spf", "spf:", "spf record", "dkim", "sender policy framework", "sender id",
	"purported responsible address", "authentication information", "unauthenticated", "not authenticated", "authentication required",
	"authentication check", "authentication fail", "smtp authentication", "sender authentication", "must be authenticated", "without authentication",
	"arc ", "spam", "unsolicited", " ube", " uce", "bulk mail", "bulk email", "junk mail", "high probability of", "blocked by", "blocked for",
	"has been blocked", "is blocked by", "listed in", "listed at", "listed by", "listed on", "rbl", "banned", "abuse", "complaint", "access denied",
	"access has been denied", "not permitted to relay", "relaying denied", "relaying not allowed", "relay not permitted", "unable to relay",
	"relay denied", "relaying prohibited", "not allowed to relay", "do not relay", "not configured to relay", "relay operation rejected",
	"relaying mail", "cannot relay", "open relay", "authenticate to send", "mail relay", "email address is not verified", "relaying is prohibited",
	"relaying disallowed", "not local host", "insecure mail relay", "reverse dns", "dns ptr", "ptr resource record", "ptr record", "no ptr", "valid ptr", "ptr lookup", "rdns",
	"cannot find your hostname", "can't find your hostname", "unable to resolve your", "could not resolve your", "ip name lookup",
	"client host rejected", "client host [", "helo command rejected", "invalid helo", "bad helo", "generic hostname", "dynamic ip", "reverse lookup",
	"your server's ip", "your ip address", "your ip", "sending ip", "sender address rejected", "sender rejected", "sender denied", "sender is denied",
	"sender blocked", "blocked sender", "domain of sender", "sender domain", "sender verify", "sender verification", "sender address",
	"sender's address", "invalid sender", "unknown sender", "verify sender", "return address", "mail from address", "envelope sender",
	"senders not allowed", "sender not", "restricted sender", "from address", "domain is invalid. please provide a valid from", "bad sender",
	"bogus mail from", "you cannot send", "cannot send e-mail to yourself", "no access from mail server", "mail from domain", "suspicious", "virus",
	"malware", "infected", "phish", "content filter", "message filtered", "mail filtered", "header error", "bad header", "message content",
	"prohibited attachment", "blocked attachment", "attachment", "banned content", "illegal attachment", "media error", "malformed mime",
	"malformed header", "malformed address", "message header", "rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "rfc 5321", "non-compliant", "not rfc",
	"multiple addresses in from", "missing date", "missing header", "lone cr", "bare lf", "bare <lf>", "policy", "policies", "tls required",
	"must issue a starttls", "starttls is required", "requires tls", "encryption required", "encryption needed", "starttls", "greylist", "graylist",
	"grey list", "grey-list", "not authorized", "not authorised", "unauthorized", "unauthorised", "only accepts mail from", "closed group",
	"protocol violation", "bounce rule", "service refuse", "transport.rules.rejectmessage", "rejectmessage", "delivery not authorized", "send as",
	"send mail as", "not advertise auth", "does not support starttls", "not support tls", "custom rule", "rejected due to", "local policy",
	"recipient does not accept", "does not accept mail from", "violation", "user's filter", "recipient's filter", "not approved", "permission to post",
	"posting", "not a member", "members only", "moderat", "you are not allowed", "you are not permitted", "isn't allowed", "aren't allowed",
	"are not allowed", "resolver.rst", "notauthenticated", "notauthorized", "untrusted", "trusted", "challenge", "not permitted",
}

// ownUserPhrases are what systems say of users of their own.
var ownUserPhrases = []string{
	"address is not recognized", "address not recognized", "not recognized", "resolver.adr.exrecipnotfound", "mailbox specified does not exist",
	"the recipient's e-mail address was not found", "recipient's e-mail address was not found", "e-mail address could not be found",
	"email address could not be found", "email address wasn't found", "e-mail address wasn't found",
	"the address you sent your message to wasn't found", "was not found in ldap", "no account with this", "delivery error: dd this user doesn't have a",
	"delivery error: dd not a valid recipient", "delivery error: dd requested mail action aborted, mailbox not found",
	"recipient name is not recognized", "not listed in public name", "not listed in domino directory", "address couldn't be found",
	"address could not be found", "couldn't be found", "wasn't found at", "invalid final delivery userid", "unknown local-part", "unknown local part",
	"recipnotfound", "recipientnotfound", "resolver.adr", "recipient not found by smtp address lookup", "no mailbox here by that name",
	"not found in directory", "user not listed in", "e-mail account does not exist at the organization", "the email address you entered",
	"e-mail address you entered", "destination mailbox address is invalid", "address not found", "no user with this address", "chkuser",
	"indirizzo e-mail che hai immesso", "unrecognised-or-name", "unrecognized-or-name", "unrecognised or name",
}

// nullPhrases are about hosts that are there and take no mail (RFC 7505, RFC 7504).
var nullPhrases = []string{
	"seem to reject all mails", "seems to reject all mails", "null mx", "nullmx", "indicated no smtp service", "host does not accept mail",
	"domain does not accept mail", "domain doesn't accept mail", "doesn't receive email", "host does not accept", "does not accept any mail",
	"not accept email", "does not accept messages", "system not accepting network messages", "system does not accept", "no mail service here",
	"does not receive mail",
}

// resolverPhrases are failures of the name service, which may pass.
var resolverPhrases = []string{
	"temporary failure in mx lookup", "suspiciousremoteservererror", "temporary failure in name resolution",
	"malformed or unexpected name server reply", "host not found, try again", "host name lookup failure", "name lookup failure", "temporary dns",
	"dns lookup timed out", "dns timeout", "cname lookup failed temporarily", "servfail", "could not be resolved temporarily",
}

var hostPhrases = []string{
	"host name is unknown", "unable to route to domain", "no route found to domain", "couldn't find any host", "could not find any host",
	"domain isn't valid", "unrouteable domain", "unresolvable", "can't resolve", "cannot resolve", "could not resolve", "unable to resolve",
	"bad domain", "wrong domain", "domain name does not exist", "unknown mail domain", "no such hostname", "name or service not known",
	"name server reports", "no records", "has no mx", "no mx or a", "non-existent host", "unknown or invalid host", "address family for hostname",
	"authoritative answer from name server", "domain not valid", "couldn't be resolved", "host unknown", "unknown host", "host not found",
	"domain not found", "no such domain", "no such host", "domain does not exist", "domain doesn't exist", "domain not exist", "find any host named",
	"find any mail exchanger", "find any mx", "host or domain name not found", "unrouteable mail domain", "unroutable mail domain",
	"unrouteable address", "unroutable address", "unroutable domain", "mx records point to", "nxdomain", "no mx record", "no mx found", "no mx host",
	"illegal host", "invalid host", "bad host", "unknown domain", "domain unknown", "domain is not reachable", "domain name not found",
	"domain couldn't be found", "no mail exchanger", "no mail server", "invalid mx", "no valid mx", "domain is invalid", "invalid domain",
	"bad destination host", "no data known", "host lookup did not complete", "no a record", "domain nonexist", "nonexistent domain",
	"nonexistentdomain", "non existing domain", "non-existent domain", "domain mentioned in email address is unknown", "recipient domain not found",
	"recipient domain does not", "infodomainnonexistent", "no route to domain", "all host address lookups failed permanently", "lookup failed: no such",
	"could not find a gateway", "no matches to nameserver", "neither mx nor",
}

// userPhrases are what systems answer about a user.
var userPhrases = []string{
	"invalid account", "illegal user", "unknown or illegal user", "no such email address", "no such person at this address", "no one with that email",
	"no such mail drop", "not exists", "incorrectly addressed", "mailbox not available", "no longer an employee", "not known to this system",
	"userunknown", "user not known", "user is not known", "recipients are invalid", "cannot be verified", "not our customer",
	"excessive userid unknowns", "unable to find alias", "does not like recipient", "old address", "doesn't handle mail for that user",
	"no local mailbox", "unknown virtual", "unavailable mail user", "not user of this", "don't exists", "nie istnieje", "indirizzo inesistente",
	"destinatario errato", "adressat unbekannt", "adresse inconnue", "desconocido", "existiert nicht", "user's account does not",
	"mail user does not exist", "not a user", "unknown name", "unknown person", "left the company", "email address no longer",
	"email account does not exist", "does not have an email account", "recipient not recognized", "adresse invalide", "bad recipient", "bad user",
	"illegal recipient", "no such id", "mailaddress is unknown", "invalid destination", "user mailbox not found", "mbox not found", "does not exist in",
	"user account not", "user unknown", "unknown user", "no such user", "no such recipient", "unknown recipient", "recipient unknown",
	"no such mailbox", "no such address", "no such person", "no such account", "mailbox not found", "mailbox unavailable", "mailbox does not exist",
	"mailbox doesn't exist", "mailbox unknown", "unknown mailbox", "user not found", "user does not exist", "user doesn't exist", "user not exist",
	"account does not exist", "account doesn't exist", "account that you tried to reach does not exist", "address does not exist", "doesn't have a ",
	"doesn't have an account", "does not have an account", "invalid recipient", "invalid mailbox", "invalid user", "not a valid mailbox",
	"not a valid recipient", "not a valid user", "not a valid address", "no longer valid", "no longer available", "no longer on server",
	"no longer in use", "no longer exists", "no longer at", "address unknown", "unknown address", "unknown or illegal", "illegal alias",
	"bad destination mailbox", "not our user", "user has moved", "has moved", "not a known user", "is not a known", "mailbox name not allowed",
	"no account by that name", "no user by that name", "account not found", "addressee unknown", "recipient not found", "recipient does not exist",
	"recipient doesn't exist", "recipient not exist", "not known here", "unknown account", "account unknown", "invalid/inactive user",
	"no valid recipients", "user is unknown", "is unknown", "destinataire invalide", "destinataire inconnu", "utilisateur inconnu", "unbekannt",
	"empfänger", "destinatario sconosciuto", "utente sconosciuto", "usuario desconocido", "no existe", "non esiste", "n'existe pas",
	"пользователь не найден", "нет такого пользователя", "no mail box available", "not a mailbox", "no mailbox", "address is invalid",
	"address invalid", "email address is not valid", "invalid email", "unknown email", "email not found", "local user unknown", "user_unknown",
	"non-existent user", "nonexistent", "badrcptto", "validrcptto", "cannot find user", "can't find user", "could not find user",
	"unable to validate recipient", "not registered", "user invalid", "no such email", "recipient is not valid", "recipient invalid", "invalid rcpt",
	"not in my", "doesn't exist", "not exist", "requested action not taken", "unable to verify", "user was not found", "was not found",
}

var networkPhrases = []string{
	"all hosts have been failing", "all relevant hosts", "connection closed", "closed connection", "connect to", "connection was closed",
	"server not responding", "no answer from", "can't reach", "cannot reach", "lowest numbered mx record points to local host", "loops back to myself",
	"mail is looping", "dns query failed", "dns timed out", "cannot deliver for", "for too long", "timeout exceeded", "unable to contact destination",
	"primary target ip", "servers failed", "greeting wait", "during result", "protocol timeout", "temporarily refused", "network error",
	"network problem", "connection timed out", "connection refused", "connection reset", "connection dropped", "connection lost", "lost connection",
	"timed out", "connection was dropped", "no route to host", "network is unreachable", "network unreachable", "host unreachable",
	"host is unreachable", "host not reachable", "host is down", "could not connect", "couldn't connect", "cannot connect", "can't connect",
	"unable to connect", "being unable to connect", "failed to connect", "failed connect", "did not accept our requests to connect", "socket error",
	"not responding", "no response", "message expired", "envelope expired", "queue.expired", "queue expired", "delivery time expired", "retry timeout",
	"retry time not reached", "unable to deliver this message after", "undeliverable for", "hop count", "too many hops", "routing loop", "mail loop",
	"loops back", "forwarding loop", "loop detected", "loop-detected", "looping", "loop:", "loopdetect", "establish an smtp connection", "establish any smtp connection",
	"wasn't able to establish", "conversation with", "bad ip address", "dns error", "dns failure", "dns lookup", "name server", "could not be reached",
	"unreachable", "too many received", "has been delayed", "within the timeout", "retry count", "delivery expired",
	"no smtp connection got far enough", "transport endpoint is not connected", "communicating with", "protocol error: connection",
}

var systemPhrases = []string{
	"temporary lookup failure", "control/locals", "out of resources", "cannot create", "unable to create", "unable to write", "write error",
	"unable to open", "read error", "local lookup", "temporary local problem", "temporarily rejected", "cannot allocate", "corrupt", "bad sequence",
	"must precede", "invalid command", "wrong number of arguments", "unexpected response", "unexpected reply", "internal failure", "queue full",
	"maildir", "quota check failed", "alias expansion", "forward file", "expansion failed", "problem with the mail server",
	"administrator has been notified", "server configuration", "failed to create", "job failed", "filter error", "delivery program", "child crashed",
	"mail process", "exec failed", "service is temporarily", "configuration error", "misconfigur", "internal server error", "internal system error",
	"system error", "operating system", "contact ldap", "ldap", "system storage", "mail system full", "not implemented", "sequence of commands",
	"syntax error", "i/o error", "input/output error", "disk full", "disk error", "exit status", "can't create output", "cannot open",
	"couldn't create", "could not create", "read response template", "out of memory", "temporary system problem", "temporary server error",
	"local error", "local delivery failed", "database", "directory lookup", "system resources", "duplicated message-id", "command unrecognized",
	"unrecognized command", "local problem", "system problem", "delivery agent", "can't open", "permission denied",
}
