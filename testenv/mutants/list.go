package main

const (
	rulesFile     = "visibility/rules/rules.go"
	schema        = "db/migrations/00001_schema.sql"
	schema6       = "db/migrations/00005_visibility.sql"
	schema9       = "db/migrations/00009_blocked.sql"
	conversations = "db/queries/conversations.sql.go"
	feedQueries   = "db/queries/feed.sql.go"
)

// mutants are mistakes that were made, nearly made, or are easily made. SQL is changed where it runs, in the generated Go.
var mutants = []mutant{
	// The rules.
	{"R5 after R6: a former owner who collaborates", rulesFile, "case f.WasOwner && !f.IsOwner && f", "case f.WasOwner && !f.IsOwner && !f.IsCollab && f"},
	{"R5: a card without owner is visible", rulesFile, "if f.NewOwner && f.NewOwners.Valid() && f.NewOwners != Nobody {", "if f.NewOwners != Nobody {"},
	{"R5: an inactive owner decides", rulesFile, "if f.NewOwner && f.NewOwners.Valid()", "if f.NewOwners.Valid()"},
	{"R5: the policy is forgotten", rulesFile, " && f.Handover != HandoverToAuthor:", ":"},
	{"R3 before R2: private on the deal does not hold", rulesFile, "case f.Share != NoShare:", "case f.Share != NoShare && !f.SharedOnContact:"},
	{"R6: owner means collaborator too", rulesFile, "case f.Setting == OwnerOrCollaborator && f.IsCollab:", "case f.IsCollab:"},
	{"R4 before R3: nobody beats the contact's share", rulesFile, "case f.SharedOnContact: // R3", "case f.SharedOnContact && f.Setting != Nobody: // R3"},
	{"narrower: owner counts as wide as collaborators", rulesFile, "	case OwnerOrCollaborator:\n		return 2", "	case OwnerOrCollaborator:\n		return 1"},

	// The fences, as readers see them.
	{"readers forget the author's fence", schema6, "           and c.author_epoch >= s.fence\n", ""},
	{"readers forget the card's fence", schema6, "           and c.card_epoch >= k.fence\n", ""},
	{"readers forget the owner's fence", schema6, "\n           and (c.reason <> 'handover_visible' or c.owner_epoch >= os.owner_fence), false)", ", false)"},
	{"a deleted author's mail is shown", schema6, "and u.state in ('active', 'inactive') and u.removals", "and u.state <> 'unknown' and u.removals"},
	{"mail is shown while a mailbox of its author is being removed", schema6, " and u.removals = 0\njoin cards k", "\njoin cards k"},
	{"inactive users open cards", schema, "join users u on u.account_id = c.account_id and u.state = 'active'\n", "join users u on u.account_id = c.account_id and u.state <> 'deleted'\n"},
	{"a narrower setting raises no fence", "visibility/setting.go", ", Narrows: narrows,", ", Narrows: false && narrows,"},
	{"an owner who leaves raises no fence", "visibility/user.go", "UserID: u.ID, Narrows: was}", "UserID: u.ID, Narrows: false}"},
	{"a policy change raises no fence", "db/queries/cards.sql.go", "update cards set epoch = epoch + 1, fence = epoch + 1,", "update cards set epoch = epoch + 1,"},
	{"a setting narrowed is a fence for the author alone", "db/queries/users.sql.go", "then epoch + 1 else fence end,\n    owner_fence = case when", "then epoch + 1 else fence end,\n    owner_fence = case when false and"},

	// Explain.
	{"explain names the author's setting as the owner's", "visibility/explain.go", "e.settingOf(ctx, *e.card.OwnerID, owners.What)", "e.settingOf(ctx, e.message.AuthorID, owners.What)"},
	{"explain does not know of a removal", "visibility/explain.go", "	case e.message.BeingRemoved:", "	case false:"},

	// Blocking.
	{"a domain is blocked without its sub-domains", schema9, "(e.address = a.address or e.domain = any (a.domains)", "(e.address = a.address or e.domain = a.domains[1]"},
	{"a user's block list holds for everybody", schema9, "and (b.user_id is null or b.user_id = author)", ""},
	{"a colleague's address added later is not withdrawn", "visibility/user.go", "range append(added, removed...)", "range removed"},
	{"a blocked card's new addresses are not blocked elsewhere", "visibility/apply.go", "if len(listed) > 0 {", "if len(listed) > 1000 {"},
	{"a blocked card's former addresses stay blocked", "visibility/blocklist.go", "	for _, id := range ids {\n		c.addresses[id] = true // R1\n	}", "	_ = ids"},

	// Links.
	{"a contact's deals are forgotten", "visibility/apply.go", "		cards = append(cards, deals...)\n", "		_ = deals\n"},
	{"a deleted contact stays on its deals", schema, "and c.state = 'open' and c.kind = 'contact'", "and c.kind = 'contact'"},
	{"R3 of an address that the contact has no more", schema6, "join card_addresses ca on ca.account_id = cc.account_id and ca.card_id = cc.card_id and ca.address_id = cc.address_id\n", ""},
	{"R3 of a contact that is closed", schema6, "and contact.id = cc.card_id and contact.state = 'open'", "and contact.id = cc.card_id"},
	{"a card deleted is not relinked", "visibility/card.go", "	c.cards[k.ID] = true\n	c.note(told, \"card.deleted\"", "	c.note(told, \"card.deleted\""},
	{"late events tell no former owner", "visibility/card.go", "		if added > 0 {\n			c.cards[k.ID] = true\n		}", "		_ = added"},
	{"an older event of a card wins", "visibility/card.go", "	if e.Version <= k.Version {\n		status = Stale", "	if e.Version < 1 {\n		status = Stale"},
	{"a former owner is not looked for where nobody owns the card now", "db/queries/cards.sql.go", "o.user_id is distinct from k.owner_id", "o.user_id <> k.owner_id"},

	// Shares.
	{"a late share wins", "visibility/share.go", "} else if version <= held.ShareVersion {", "} else if version < 1 {"},
	{"a share on a contact does not re-stamp its deals", "visibility/share.go", "		s.touched = append(s.touched, conversationKey{s.author, d.ID, s.address}) // R3\n", ""},
	{"sharing a contact does not lift private on its deals", "visibility/share.go", "return s.imply(ctx, hidden, rules.NoShare)", "return nil"},
	{"private is lifted without looking at the time", conversations, "\nwhere conversations.share_at is null or conversations.share_at <= excluded.share_at\n", "\n"},
	{"linking lifts what was said after", conversations, " and d.share = 'private' and d.share_at < said.share_at", " and d.share = 'private'"},
	{"also_deals=false leaves the deals to their rules", "visibility/share.go", "return s.imply(ctx, shown, rules.Shared)", "return nil"},
	{"also_contact=true forgets the contact", "visibility/share.go", "return share, s.imply(ctx, shared, rules.Private)", "return share, nil"},
	{"the question has a default", "visibility/share.go", "case len(ask) > 0 && also == nil:", "case false:"},
	{"a private word is lost in a merge", conversations, "and (excluded.share = 'private' or conversations.share is null)\nreturning", "and conversations.share is null\nreturning"},
	{"a carried share is not held", schema, "return c.share_from is not null and audience_grows(c.account_id, c.share_from, c.card_id);", "return false;"},
	{"a carried share does not follow its first audience", "visibility/apply.go", "		cards = append(cards, carried...)\n", "		_ = carried\n"},

	// Re-stamping and locks.
	{"the former owners' stamps are not re-stamped", "visibility/stamp.go", "return r.walk(ctx, r.behindOwner, r.factsOfAny)", "return nil"},
	{"a setting that does not decide alone is taken to", rulesFile, "return s == Everyone || s == Nobody ||", "return s == Everyone || s == Nobody || s == Owner ||"},
	{"a setting flipped overrules the author's words", "visibility/setting_stamp.go", "Share: share, SharedOnContact", "SharedOnContact"},
	{"a setting flipped overrules the contact's share", "visibility/setting_stamp.go", "SharedOnContact: onContact, Setting", "Setting"},
	{"a setting flipped shows what left the card", "visibility/setting_stamp.go", "rules.Facts{OnCard: onCard, Blocked: blocked", "rules.Facts{OnCard: true, Blocked: blocked"},
	{"re-stamping ends with its first chunk", "visibility/setting_stamp.go", "if chunk.Stamped < restampChunk {", "if chunk.Stamped < 2*restampChunk {"},
	{"a chunk reaches beyond its end", conversations, "      and (c.card_id, c.address_id) <= ((select card_id from last), (select address_id from last))\n", ""},
	{"new conversations count as shown", conversations, "r.card_id, n.address_id, r.kind, true, false, is_blocked($1, $2, n.address_id)", "r.card_id, n.address_id, r.kind, true, true, is_blocked($1, $2, n.address_id)"},
	{"a setting flipped takes no author's lock", "visibility/setting_stamp.go", "			if err := tx.LockAuthors(ctx, nil, []int64{r.work.UserID}); err != nil {\n				return err\n			}\n", ""},
	{"an owner who leaves leaves no work", "visibility/user.go", "		c.work[Work{UserID: u.ID, Kind: kind}] = true\n", "		_ = kind\n"},
	{"mail takes no author's lock", "visibility/stamp.go", "	if err := lockForStamps(ctx, tx, []int64{author}, cards); err != nil {\n		return err\n	}\n", ""},
	{"mail takes no account's lock", "visibility/stamp.go", "func Correspond(ctx context.Context, tx *db.Tx, author int64, addresses []int64) error {\n	if err := tx.LockAccount(ctx, db.Shared); err != nil {\n		return err\n	}\n", "func Correspond(ctx context.Context, tx *db.Tx, author int64, addresses []int64) error {\n"},
	{"mail takes no lock of the new owner", "visibility/stamp.go", "return tx.LockAuthors(ctx, nil, append(owners, authors...))", "return tx.LockAuthors(ctx, nil, append(owners[:0], authors...))"},
	{"a share takes the author's lock shared", "visibility/apply.go", "return c.LockAuthors(ctx, ids, owners)", "return c.LockAuthors(ctx, nil, append(ids, owners...))"},
	{"links change under the account's shared lock", "visibility/apply.go", "return c.LockAccount(ctx, db.Exclusive)", "return c.LockAccount(ctx, db.Shared)"},
	{"mail with a new address gets no stamp", "visibility/stamp.go", "	_, err = writeStamps(ctx, tx, facts)\n	return err\n}\n\n// Restamp", "	_ = facts\n	return err\n}\n\n// Restamp"},

	// The feed.
	{"the feed asks for the stamp, not for what is believed", feedQueries, "g.shown and g.visible and g.granted and g.author_id <> (select", "g.shown and g.visible and g.author_id <> (select"},
	{"the feed looks into what was never shown", feedQueries, "g.shown and g.visible and g.granted and g.author_id <> (select", "g.granted and g.author_id <> (select"},
	{"the feed ranks by the oldest correspondence", feedQueries, "dense_rank() over (order by d.newest desc)", "dense_rank() over (order by d.newest)"},
}
