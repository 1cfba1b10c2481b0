package rules

import "testing"

// TestSettingThatDecides holds Decides to the rules: under a setting that decides, ownership and handover change no verdict;
// under another, they do.
func TestSettingThatDecides(t *testing.T) {
	t.Parallel()
	settings := []Setting{Nobody, Owner, OwnerOrCollaborator, Everyone, "", "unheard-of"}
	both := []bool{false, true}
	for _, setting := range settings {
		matters := false
		for _, word := range []Facts{
			{}, {OnCard: true}, {OnCard: true, Blocked: true}, {OnCard: true, Share: Shared}, {OnCard: true, Share: Private},
			{OnCard: true, SharedOnContact: true}, {OnCard: true, Share: Private, SharedOnContact: true},
		} {
			word.Setting = setting
			want := Decide(word)
			for _, handover := range []Handover{HandoverToNewOwner, HandoverToAuthor, ""} {
				for _, newOwners := range settings {
					for bits := range 1 << 4 {
						f := word
						f.Handover, f.NewOwners = handover, newOwners
						f.WasOwner, f.IsOwner = both[bits&1], both[bits>>1&1]
						f.IsCollab, f.NewOwner = both[bits>>2&1], both[bits>>3&1]
						if got := Decide(f); got != want {
							matters = true
							if setting.Decides() {
								t.Errorf("%q decides alone, yet %+v is %v and %+v is %v", setting, word, want, f, got)
							}
						}
					}
				}
			}
		}
		if matters == setting.Decides() {
			t.Errorf("%q decides alone: %v; ownership matters: %v", setting, setting.Decides(), matters)
		}
	}
}
