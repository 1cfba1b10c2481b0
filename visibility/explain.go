package visibility

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Question asks why a viewer sees a message on a card, or why not.
type Question struct {
	Asker   int64 // who asks; 0: the CRM itself or the operator, who may ask about everybody
	Viewer  int64
	Message int64
	Card    int64
}

// Explanation is the verdict with what it rests on (SPEC G6). Decide over Facts gives the same verdict again.
type Explanation struct {
	Visible bool   `json:"visible"`
	Rule    string `json:"rule"`   // R1 … R7; "audience" or "author" where SPEC 3.1's rules are not asked
	Reason  string `json:"reason"` // the rule's code; not_in_audience, author, author_deleted, being_removed, or re_stamping
	Facts   []Fact `json:"facts"`
}

// Fact is one thing that the verdict rests on.
type Fact struct {
	What  string     `json:"what"`
	Value any        `json:"value"`
	Since *time.Time `json:"since"`
	By    *string    `json:"by"`
}

// Explain answers a question. ErrNotFound: there is no such message on the card, or the asker may not know of it: a
// viewer may ask about oneself and what is visible, an author about own messages and everybody.
func Explain(ctx context.Context, tx *db.Tx, q Question) (Explanation, error) {
	m, err := tx.ExplainedMessage(ctx, queries.ExplainedMessageParams{AccountID: tx.AccountID, ID: q.Message})
	if errors.Is(err, pgx.ErrNoRows) {
		return Explanation{}, ErrNotFound
	}
	if err != nil {
		return Explanation{}, fmt.Errorf("find the message: %w", err)
	}
	trusted := q.Asker == 0 || q.Asker == m.AuthorID
	if !trusted && q.Asker != q.Viewer {
		return Explanation{}, ErrNotFound
	}
	convs, err := tx.ExplainedConversations(ctx, queries.ExplainedConversationsParams{AccountID: tx.AccountID,
		AuthorID: m.AuthorID, CardID: q.Card, AddressIds: m.AddressIds})
	if err != nil {
		return Explanation{}, fmt.Errorf("find its conversations: %w", err)
	}
	tracked := slices.ContainsFunc(convs, func(c queries.ExplainedConversationsRow) bool { return c.OnCard && !c.Blocked })
	if len(convs) == 0 || (!tracked && !trusted) {
		return Explanation{}, ErrNotFound
	}
	card, err := tx.ExplainedCard(ctx, queries.ExplainedCardParams{AccountID: tx.AccountID, CardID: q.Card, AuthorID: m.AuthorID})
	if err != nil {
		return Explanation{}, fmt.Errorf("find the card: %w", err)
	}
	e := explaining{Tx: tx, q: q, message: m, card: card, trusted: trusted}
	out, err := e.explain(ctx, convs, tracked)
	if err == nil && !out.Visible && !trusted {
		return Explanation{}, ErrNotFound
	}
	return out, err
}

type explaining struct {
	*db.Tx
	q       Question
	message queries.ExplainedMessageRow
	card    queries.ExplainedCardRow
	trusted bool
}

func (e *explaining) explain(ctx context.Context, convs []queries.ExplainedConversationsRow, tracked bool) (Explanation, error) {
	opens, err := e.CanOpenCard(ctx, queries.CanOpenCardParams{AccountID: e.AccountID, CardID: e.q.Card, ViewerID: e.q.Viewer})
	if err != nil {
		return Explanation{}, fmt.Errorf("ask whether the card opens: %w", err)
	}
	if !opens {
		return Explanation{Rule: "audience", Reason: "not_in_audience", Facts: []Fact{{What: "can_open_card", Value: false}}}, nil
	}
	if hidden := e.authorHidden(); hidden != "" {
		return Explanation{Rule: "author", Reason: hidden, Facts: []Fact{{What: "author", Value: e.message.Author}}}, nil
	}
	if e.q.Viewer == e.message.AuthorID && tracked {
		return Explanation{Visible: true, Rule: "author", Reason: "author",
			Facts: []Fact{{What: "author", Value: e.message.Author}}}, nil
	}
	conv := decisive(convs)
	verdict := rules.Decide(explainedFacts(conv))
	out := Explanation{Visible: conv.Granted, Rule: verdict.Reason.Rule(), Reason: string(verdict.Reason)}
	if verdict.Visible != conv.Granted {
		// A change is effective, its stamps are still being written: hidden until they are.
		out = Explanation{Rule: out.Rule, Reason: "re_stamping", Facts: []Fact{{What: "verdict_to_come", Value: verdict.Visible}}}
	}
	facts, err := e.facts(ctx, conv, verdict.Reason)
	out.Facts = append(out.Facts, facts...)
	return out, err
}

// authorHidden is why nothing of the author's is shown to anybody, the author included; empty when it is.
func (e *explaining) authorHidden() string {
	switch {
	case e.message.AuthorDeleted:
		return "author_deleted"
	case e.message.BeingRemoved:
		return "being_removed" // one of the author's mailboxes with its mail: which mail it is, is only known in the end
	}
	return ""
}

// decisive picks the conversation that shows the message, or else the one that would if one did.
func decisive(convs []queries.ExplainedConversationsRow) queries.ExplainedConversationsRow {
	for _, want := range []func(queries.ExplainedConversationsRow) bool{
		func(c queries.ExplainedConversationsRow) bool { return c.Granted },
		func(c queries.ExplainedConversationsRow) bool { return rules.Decide(explainedFacts(c)).Visible },
		func(c queries.ExplainedConversationsRow) bool { return c.OnCard && !c.Blocked },
	} {
		if i := slices.IndexFunc(convs, want); i >= 0 {
			return convs[i]
		}
	}
	return convs[0]
}

func explainedFacts(c queries.ExplainedConversationsRow) rules.Facts {
	return factsOf(queries.ConversationFact{
		OnCard: c.OnCard, Blocked: c.Blocked, Share: c.Share, SharedOnContact: c.SharedOnContact, Setting: c.Setting,
		Handover: c.Handover, WasOwner: c.WasOwner, IsOwner: c.IsOwner, IsCollaborator: c.IsCollaborator,
		NewOwner: c.NewOwner, NewOwners: c.NewOwners,
	})
}

// facts lists what the rule looked at, nothing more.
func (e *explaining) facts(ctx context.Context, c queries.ExplainedConversationsRow, reason rules.Reason) ([]Fact, error) {
	facts := []Fact{{What: "author", Value: e.message.Author}}
	if e.trusted || !slices.Contains(e.message.BccOnly, c.AddressID) {
		facts = append(facts, Fact{What: "address", Value: c.Address})
	}
	switch reason {
	case rules.NotOnCard:
		return append(facts, Fact{What: "on_card", Value: false}), nil
	case rules.Blocked:
		return append(facts, Fact{What: "blocked", Value: true, Since: &c.Since}), nil
	case rules.IsShared, rules.IsPrivate:
		return append(facts, Fact{What: "share", Value: c.Share, Since: c.ShareAt, By: &c.ShareBy}), nil
	case rules.SharedOnContact:
		shares, err := e.ExplainedContactShares(ctx, queries.ExplainedContactSharesParams{AccountID: e.AccountID,
			AuthorID: e.message.AuthorID, DealID: e.q.Card, AddressID: c.AddressID, AskerID: e.q.Asker})
		if err != nil {
			return nil, fmt.Errorf("find shares on contacts: %w", err)
		}
		for _, s := range shares {
			facts = append(facts, Fact{What: "share_on_contact", Value: CardRef{rules.Contact, s.CrmID}, Since: s.ShareAt, By: &s.ShareBy})
		}
		return facts, nil
	}
	setting, err := e.settingOf(ctx, e.message.AuthorID, "setting")
	if err != nil {
		return nil, err
	}
	facts = append(facts, setting)
	switch reason {
	case rules.HandoverVisible, rules.HandoverHidden:
		owners := Fact{What: "owners_setting", Value: c.NewOwners}
		if e.card.OwnerID != nil {
			if owners, err = e.settingOf(ctx, *e.card.OwnerID, owners.What); err != nil {
				return nil, err
			}
		}
		facts = append(facts,
			Fact{What: "handover", Value: c.Handover},
			Fact{What: "owned_before", Value: true, Since: e.card.OwnedSince},
			Fact{What: "owner", Value: e.card.Owner, Since: &e.card.OwnerSince},
			Fact{What: "owner_active", Value: c.NewOwner},
			owners)
	case rules.IsTheOwner, rules.Collaborates, rules.NotOwner:
		facts = append(facts,
			Fact{What: "owner", Value: e.card.Owner, Since: &e.card.OwnerSince},
			Fact{What: "collaborator", Value: c.IsCollaborator, Since: e.card.CollaboratesSince})
	}
	return facts, nil
}

func (e *explaining) settingOf(ctx context.Context, user int64, what string) (Fact, error) {
	settings, err := e.Settings(ctx, queries.SettingsParams{AccountID: e.AccountID, UserID: user})
	if err != nil {
		return Fact{}, fmt.Errorf("read the settings: %w", err)
	}
	for _, s := range settings {
		if s.Kind == e.card.Kind {
			return Fact{What: what, Value: s.Value, Since: &s.Since, By: &s.ChangedBy}, nil
		}
	}
	return Fact{What: what, Value: nil}, nil
}
