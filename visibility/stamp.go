package visibility

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/span"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// restampChunk is how many stamps one transaction of Restamp writes: long enough to be cheap, short enough (tens of
// milliseconds) that shares and ingest, which wait for the same locks, hardly notice.
const restampChunk = 5_000

type conversationKey struct{ author, card, address int64 }

func factsOf(f queries.ConversationFact) rules.Facts {
	return rules.Facts{
		OnCard: f.OnCard, Blocked: f.Blocked,
		Share: rules.Share(f.Share), SharedOnContact: f.SharedOnContact,
		Setting: rules.Setting(f.Setting), Handover: rules.Handover(f.Handover),
		WasOwner: f.WasOwner, IsOwner: f.IsOwner, IsCollab: f.IsCollaborator,
		NewOwner: f.NewOwner, NewOwners: rules.Setting(f.NewOwners),
	}
}

// stampTally counts the verdicts that a stamping changed.
type stampTally struct{ shown, hidden int }

// writeStamps decides on facts and writes the stamps that differ in verdict or are older than their inputs.
// The caller holds the locks and has read the facts after taking them.
func writeStamps(ctx context.Context, tx *db.Tx, facts []queries.ConversationFact) (stampTally, error) {
	var tally stampTally
	p := queries.StampParams{AccountID: tx.AccountID}
	for _, f := range facts {
		v := rules.Decide(factsOf(f))
		same := v.Visible == f.Visible && string(v.Reason) == f.Reason
		if same && f.StampedAuthorEpoch == f.AuthorEpoch && f.StampedCardEpoch == f.CardEpoch && f.StampedOwnerEpoch == f.OwnerEpoch {
			continue
		}
		if v.Visible && !f.Visible {
			tally.shown++
		} else if f.Visible && !v.Visible {
			tally.hidden++
		}
		p.AuthorIds = append(p.AuthorIds, f.AuthorID)
		p.CardIds = append(p.CardIds, f.CardID)
		p.AddressIds = append(p.AddressIds, f.AddressID)
		p.Visibles = append(p.Visibles, v.Visible)
		p.Reasons = append(p.Reasons, string(v.Reason))
		p.AuthorEpochs = append(p.AuthorEpochs, f.AuthorEpoch)
		p.CardEpochs = append(p.CardEpochs, f.CardEpoch)
		p.OwnerEpochs = append(p.OwnerEpochs, f.OwnerEpoch)
		// A conversation that is not tracked from its first stamp on (R1) is no news to anybody.
		p.News = append(p.News, !same && (f.Reason != "unstamped" || f.OnCard && !f.Blocked))
	}
	if len(p.AuthorIds) == 0 {
		return tally, nil
	}
	if err := tx.Stamp(ctx, p); err != nil {
		return tally, fmt.Errorf("write stamps: %w", err)
	}
	return tally, nil
}

func (c *change) stamp(ctx context.Context, facts []queries.ConversationFact) error {
	tally, err := writeStamps(ctx, c.Tx, facts)
	c.count.shown += tally.shown
	c.count.hidden += tally.hidden
	return err
}

func (c *change) stampKeys(ctx context.Context, keys []conversationKey) error {
	facts, err := factsOfKeys(ctx, c.Tx, keys)
	if err != nil {
		return err
	}
	return c.stamp(ctx, facts)
}

func factsOfKeys(ctx context.Context, tx *db.Tx, keys []conversationKey) ([]queries.ConversationFact, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	p := queries.FactsOfConversationsParams{AccountID: tx.AccountID}
	asked := map[conversationKey]bool{}
	for _, k := range keys {
		if asked[k] {
			continue // or its verdict would be told twice
		}
		asked[k] = true
		p.AuthorIds = append(p.AuthorIds, k.author)
		p.CardIds = append(p.CardIds, k.card)
		p.AddressIds = append(p.AddressIds, k.address)
	}
	facts, err := tx.FactsOfConversations(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	return facts, nil
}

// lockForStamps takes the authors' locks, and those of the owners on whose settings their stamps on the cards may rest.
// The account's lock, held already, keeps the owners who they are.
func lockForStamps(ctx context.Context, tx *db.Tx, authors, cards []int64) error {
	owners, err := tx.OwnersThatDecide(ctx, queries.OwnersThatDecideParams{AccountID: tx.AccountID, CardIds: cards, AuthorIds: authors})
	if err != nil {
		return fmt.Errorf("find owners: %w", err)
	}
	return tx.LockAuthors(ctx, nil, append(owners, authors...))
}

// Correspond gives the author's new correspondences with addresses their conversations, stamped. It takes the locks and
// must come last in a transaction that stores mail.
func Correspond(ctx context.Context, tx *db.Tx, author int64, addresses []int64) error {
	if err := tx.LockAccount(ctx, db.Shared); err != nil {
		return err
	}
	cards, err := tx.CardsWithAddresses(ctx, queries.CardsWithAddressesParams{AccountID: tx.AccountID, AddressIds: addresses})
	if err != nil {
		return fmt.Errorf("find cards by address: %w", err)
	}
	if len(cards) == 0 {
		return nil
	}
	if err := lockForStamps(ctx, tx, []int64{author}, cards); err != nil {
		return err
	}
	if err := tx.LinkAuthor(ctx, queries.LinkAuthorParams{AccountID: tx.AccountID, AuthorID: author, AddressIds: addresses}); err != nil {
		return fmt.Errorf("link conversations: %w", err)
	}
	facts, err := tx.FactsOfAuthor(ctx, queries.FactsOfAuthorParams{AccountID: tx.AccountID, AuthorID: author, AddressIds: addresses})
	if err != nil {
		return fmt.Errorf("read facts: %w", err)
	}
	_, err = writeStamps(ctx, tx, facts)
	return err
}

// Restamp brings the stamps of work up to date, in transactions of bounded size. Running it twice, late, or beside
// another of its kind ends in the same stamps.
func Restamp(ctx context.Context, d *db.DB, accountID int64, work Work) error {
	return restamp(ctx, accountID, work, func(fn func(*db.Tx) error) error { return d.Tx(ctx, accountID, fn) })
}

// restampIn is Restamp within a transaction.
func restampIn(ctx context.Context, tx *db.Tx, work Work) error {
	return restamp(ctx, tx.AccountID, work, func(fn func(*db.Tx) error) error { return fn(tx) })
}

func restamp(ctx context.Context, accountID int64, work Work, inTx func(func(*db.Tx) error) error) error {
	r := restamping{inTx: inTx, account: accountID, work: work}
	err := inTx(func(tx *db.Tx) (err error) {
		if work.CardID != 0 {
			r.epoch, err = tx.CardEpoch(ctx, queries.CardEpochParams{AccountID: accountID, ID: work.CardID})
			return err
		}
		s, err := tx.Setting(ctx, queries.SettingParams{AccountID: accountID, UserID: work.UserID, Kind: string(work.Kind)})
		r.epoch = s.Epoch
		return err
	})
	if err != nil {
		return fmt.Errorf("read the input's epoch: %w", err)
	}
	if work.CardID != 0 {
		err = r.walk(ctx, r.behindCard, r.factsOfAny)
	} else {
		err = r.walkSetting(ctx)
	}
	if err != nil {
		return err
	}
	// Every stamp below the epoch has been written anew: those made meanwhile saw it.
	return inTx(func(tx *db.Tx) error {
		if work.CardID != 0 {
			err = tx.FinishCard(ctx, queries.FinishCardParams{AccountID: accountID, ID: work.CardID, Epoch: r.epoch})
		} else {
			err = tx.FinishSetting(ctx, queries.FinishSettingParams{AccountID: accountID, UserID: work.UserID, Kind: string(work.Kind), Epoch: r.epoch})
		}
		if err != nil {
			return fmt.Errorf("note that the stamps are current: %w", err)
		}
		if r.tally == (stampTally{}) {
			return nil
		}
		subject, err := work.named(ctx, tx)
		if err != nil {
			return err
		}
		return tx.AppendAudit(ctx, db.AuditEntry{Actor: "mailstamp", Act: "restamped", Subject: subject,
			Effect: map[string]int{"shown": r.tally.shown, "hidden": r.tally.hidden}})
	})
}

// named is the work by the CRM's ids, for the trail.
func (w Work) named(ctx context.Context, tx *db.Tx) (any, error) {
	if w.CardID != 0 {
		k, err := tx.CardByID(ctx, queries.CardByIDParams{AccountID: tx.AccountID, ID: w.CardID})
		if err != nil {
			return nil, fmt.Errorf("name the card: %w", err)
		}
		return map[string]any{"card": CardRef{rules.Kind(k.Kind), k.CrmID}}, nil
	}
	u, err := tx.UserByID(ctx, queries.UserByIDParams{AccountID: tx.AccountID, ID: w.UserID})
	if err != nil {
		return nil, fmt.Errorf("name the user: %w", err)
	}
	return map[string]any{"user": u.CrmID, "kind": w.Kind}, nil
}

// restamping walks the conversations behind one input's epoch, in key order.
type restamping struct {
	inTx    func(func(*db.Tx) error) error
	account int64
	work    Work
	epoch   int64
	tally   stampTally
}

type nextKeys func(ctx context.Context, tx *db.Tx, after conversationKey) ([]conversationKey, error)

// lockedFacts takes the locks that stamps of conversations need, and reads their facts.
type lockedFacts func(ctx context.Context, tx *db.Tx, keys []conversationKey) ([]queries.ConversationFact, error)

func (r *restamping) walk(ctx context.Context, next nextKeys, facts lockedFacts) error {
	var after conversationKey
	for {
		var keys []conversationKey
		var tally stampTally
		ctx, step := span.Start(ctx, "restamp chunk")
		err := r.inTx(func(tx *db.Tx) (err error) {
			if err := tx.LockAccount(ctx, db.Shared); err != nil {
				return err
			}
			if keys, err = next(ctx, tx, after); err != nil || len(keys) == 0 {
				return err
			}
			facts, err := facts(ctx, tx, keys)
			if err != nil {
				return err
			}
			tally, err = writeStamps(ctx, tx, facts)
			return err
		})
		step.Set(span.Int("mailstamp.conversations", len(keys)))
		step.End(err)
		if err != nil {
			return fmt.Errorf("re-stamp: %w", err)
		}
		r.tally.shown += tally.shown
		r.tally.hidden += tally.hidden
		if len(keys) < restampChunk {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

// walkSetting brings what depends on a setting up to date: the author's own conversations, then those handed over to the user.
func (r *restamping) walkSetting(ctx context.Context) error {
	done, err := r.stampBySetting(ctx)
	if err == nil && !done {
		err = r.walk(ctx, r.behindAuthor, r.factsOfAuthor)
	}
	if err != nil {
		return err
	}
	return r.walk(ctx, r.behindOwner, r.factsOfAny)
}

func (r *restamping) factsOfAny(ctx context.Context, tx *db.Tx, keys []conversationKey) ([]queries.ConversationFact, error) {
	authors, cards := distinct(keys)
	if err := lockForStamps(ctx, tx, authors, cards); err != nil {
		return nil, err
	}
	return factsOfKeys(ctx, tx, keys)
}

// factsOfAuthor does the same for what behindAuthor found, by its range: a setting can touch many, and thousands of
// look-ups by key cost twice as much.
func (r *restamping) factsOfAuthor(ctx context.Context, tx *db.Tx, keys []conversationKey) ([]queries.ConversationFact, error) {
	first, last := keys[0], keys[len(keys)-1]
	owners, err := tx.OwnersAfterAuthor(ctx, queries.OwnersAfterAuthorParams{AccountID: r.account, AuthorID: r.work.UserID,
		FirstCard: first.card, LastCard: last.card})
	if err != nil {
		return nil, fmt.Errorf("find owners: %w", err)
	}
	if err := tx.LockAuthors(ctx, nil, append(owners, r.work.UserID)); err != nil {
		return nil, err
	}
	facts, err := tx.FactsBehindAuthor(ctx, queries.FactsBehindAuthorParams{AccountID: r.account, AuthorID: r.work.UserID,
		Kind: string(r.work.Kind), Epoch: r.epoch,
		FirstCard: first.card, FirstAddress: first.address, LastCard: last.card, LastAddress: last.address})
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	return facts, nil
}

func (r *restamping) behindAuthor(ctx context.Context, tx *db.Tx, after conversationKey) ([]conversationKey, error) {
	rows, err := tx.BehindAuthor(ctx, queries.BehindAuthorParams{AccountID: r.account, AuthorID: r.work.UserID, Kind: string(r.work.Kind),
		Epoch: r.epoch, AfterCard: after.card, AfterAddress: after.address, MaxRows: restampChunk})
	keys := make([]conversationKey, len(rows))
	for i, row := range rows {
		keys[i] = conversationKey{r.work.UserID, row.CardID, row.AddressID}
	}
	return keys, err
}

func (r *restamping) behindOwner(ctx context.Context, tx *db.Tx, after conversationKey) ([]conversationKey, error) {
	rows, err := tx.BehindOwner(ctx, queries.BehindOwnerParams{AccountID: r.account, OwnerID: r.work.UserID, Kind: string(r.work.Kind),
		Epoch: r.epoch, AfterAuthor: after.author, AfterCard: after.card, AfterAddress: after.address, MaxRows: restampChunk})
	keys := make([]conversationKey, len(rows))
	for i, row := range rows {
		keys[i] = conversationKey{row.AuthorID, row.CardID, row.AddressID}
	}
	return keys, err
}

func (r *restamping) behindCard(ctx context.Context, tx *db.Tx, after conversationKey) ([]conversationKey, error) {
	rows, err := tx.BehindCard(ctx, queries.BehindCardParams{AccountID: r.account, CardID: r.work.CardID, Epoch: r.epoch,
		AfterAuthor: after.author, AfterAddress: after.address, MaxRows: restampChunk})
	keys := make([]conversationKey, len(rows))
	for i, row := range rows {
		keys[i] = conversationKey{row.AuthorID, r.work.CardID, row.AddressID}
	}
	return keys, err
}

func distinct(keys []conversationKey) (authors, cards []int64) {
	seenAuthor, seenCard := map[int64]bool{}, map[int64]bool{}
	for _, k := range keys {
		if !seenAuthor[k.author] {
			seenAuthor[k.author] = true
			authors = append(authors, k.author)
		}
		if !seenCard[k.card] {
			seenCard[k.card] = true
			cards = append(cards, k.card)
		}
	}
	return authors, cards
}

// Pending lists the inputs whose stamps are not known to be current. It is cheap.
func Pending(ctx context.Context, tx *db.Tx) (work []Work, err error) {
	settings, err := tx.SettingsBehind(ctx, tx.AccountID)
	if err != nil {
		return nil, fmt.Errorf("find settings behind: %w", err)
	}
	for _, s := range settings {
		work = append(work, Work{UserID: s.UserID, Kind: rules.Kind(s.Kind)})
	}
	cards, err := tx.CardsBehind(ctx, tx.AccountID)
	if err != nil {
		return nil, fmt.Errorf("find cards behind: %w", err)
	}
	for _, id := range cards {
		work = append(work, Work{CardID: id})
	}
	return work, nil
}

// Behind is Pending with a count of all stamps below the epoch of an input, whatever is known of them: it reads every
// conversation. Both are empty when nothing is pending.
func Behind(ctx context.Context, tx *db.Tx) (work []Work, stamps int64, err error) {
	if work, err = Pending(ctx, tx); err != nil {
		return nil, 0, err
	}
	if stamps, err = tx.CountStampsBehind(ctx, tx.AccountID); err != nil {
		return nil, 0, fmt.Errorf("count stamps behind: %w", err)
	}
	return work, stamps, nil
}
