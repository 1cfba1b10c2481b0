package api

import (
	"net/http"

	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// putShare: the data of share.changed without user and version, which are the viewer's.
func (a *api) putShare(w http.ResponseWriter, r *http.Request, c caller) error {
	var body struct {
		Card        visibility.CardRef `json:"card"`
		Address     string             `json:"address"`
		State       string             `json:"state"`
		AlsoDeals   *bool              `json:"also_deals"`
		AlsoContact *bool              `json:"also_contact"`
	}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	conversation, err := a.Feed.Share(r.Context(), c.acc, c.viewer, visibility.ShareChanged{
		Card: body.Card, Address: body.Address, State: body.State, AlsoDeals: body.AlsoDeals, AlsoContact: body.AlsoContact})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, conversation)
}

func (a *api) settings(w http.ResponseWriter, r *http.Request, c caller) error {
	settings, err := a.Feed.Settings(r.Context(), c.acc, c.viewer)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, settings)
}

func (a *api) putSettings(w http.ResponseWriter, r *http.Request, c caller) error {
	var body struct {
		Lead    *rules.Setting `json:"lead"`
		Contact *rules.Setting `json:"contact"`
		Deal    *rules.Setting `json:"deal"`
	}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	settings, err := a.Feed.ChangeSettings(r.Context(), c.acc, c.viewer,
		visibility.SettingChanged{Lead: body.Lead, Contact: body.Contact, Deal: body.Deal})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, settings)
}

// webhook takes a delivery of the CRM's. An account that does not exist is refused like a wrong signature.
func (a *api) webhook(w http.ResponseWriter, r *http.Request) {
	a.finish(w, r, a.receive(w, r))
}

func (a *api) receive(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "")
	}
	acc, err := a.account(r.Context(), r.PathValue("account"))
	if err != nil {
		return err
	}
	body, err := read(w, r, webhook.MaxBody)
	if err != nil {
		return err
	}
	statuses, err := a.Receive(r.Context(), acc, r.Header, body)
	if err != nil {
		return err
	}
	type result struct {
		Status visibility.Status `json:"status"`
	}
	results := make([]result, len(statuses))
	for i, status := range statuses {
		results[i].Status = status
	}
	return answer(w, http.StatusOK, map[string][]result{"results": results})
}
