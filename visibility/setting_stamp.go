package visibility

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/db/span"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// stampBySetting stamps the author's conversations behind the setting's epoch, as long as the setting decides alone what the
// author did not decide for each (rules.Setting.Decides). Nothing is read but the author's words, and no row leaves the
// database: the verdict on every word is asked of the rules beforehand. It reports whether nothing is left behind.
func (r *restamping) stampBySetting(ctx context.Context) (done bool, err error) {
	p := queries.StampBySettingParams{AccountID: r.account, AuthorID: r.work.UserID, Kind: string(r.work.Kind), MaxRows: restampChunk}
	for {
		var chunk queries.StampBySettingRow
		decides := false
		ctx, step := span.Start(ctx, "restamp chunk")
		err := r.inTx(func(tx *db.Tx) error {
			if err := tx.LockAccount(ctx, db.Shared); err != nil {
				return err
			}
			if err := tx.LockAuthors(ctx, nil, []int64{r.work.UserID}); err != nil {
				return err
			}
			s, err := tx.Setting(ctx, queries.SettingParams{AccountID: r.account, UserID: r.work.UserID, Kind: string(r.work.Kind)})
			if err != nil {
				return fmt.Errorf("read the setting: %w", err)
			}
			if decides = rules.Setting(s.Value).Decides(); !decides {
				return nil
			}
			p.Epoch = s.Epoch
			decideWords(&p, rules.Setting(s.Value))
			chunk, err = tx.StampBySetting(ctx, p)
			return err
		})
		step.Set(span.Int("mailstamp.conversations", chunk.Stamped))
		step.End(err)
		if err != nil {
			return false, fmt.Errorf("re-stamp: %w", err)
		}
		if !decides {
			return false, nil
		}
		r.tally.shown += int(chunk.Shown)
		r.tally.hidden += int(chunk.Hidden)
		if chunk.Stamped < restampChunk {
			return true, nil
		}
		p.AfterCard, p.AfterAddress = chunk.LastCard, chunk.LastAddress
	}
}

// decideWords asks the rules for the verdict on everything that an author can have said of a conversation, under a setting
// that decides alone: who owns the card makes no difference then.
func decideWords(p *queries.StampBySettingParams, setting rules.Setting) {
	p.OnCards, p.Blockeds, p.Shares, p.SharedsOnContact, p.Visibles, p.Reasons = nil, nil, nil, nil, nil, nil
	both := [...]bool{false, true}
	for _, onCard := range both {
		for _, blocked := range both {
			for _, share := range [...]rules.Share{rules.NoShare, rules.Shared, rules.Private} {
				for _, onContact := range both {
					v := rules.Decide(rules.Facts{OnCard: onCard, Blocked: blocked, Share: share, SharedOnContact: onContact, Setting: setting})
					p.OnCards = append(p.OnCards, onCard)
					p.Blockeds = append(p.Blockeds, blocked)
					p.Shares = append(p.Shares, string(share))
					p.SharedsOnContact = append(p.SharedsOnContact, onContact)
					p.Visibles = append(p.Visibles, v.Visible)
					p.Reasons = append(p.Reasons, string(v.Reason))
				}
			}
		}
	}
}
