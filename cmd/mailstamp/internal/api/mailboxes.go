package api

import (
	"net/http"

	"github.com/mailstamp/mailstamp/ingest"
)

func (a *api) putMailbox(w http.ResponseWriter, r *http.Request, c caller) error {
	var cfg ingest.MailboxConfig
	if err := decode(w, r, &cfg); err != nil {
		return err
	}
	id := r.PathValue("id")
	if !nameable(id) || !nameable(cfg.User) {
		return newProblem(http.StatusUnprocessableEntity, "invalid_id", "the ids of mailbox and user must be 1 to 128 characters of text")
	}
	health, err := a.Mailboxes.Put(r.Context(), c.acc, id, cfg)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, health)
}

func (a *api) mailbox(w http.ResponseWriter, r *http.Request, c caller) error {
	id := r.PathValue("id")
	if !nameable(id) {
		return errNotFound
	}
	health, err := a.Mailboxes.Get(r.Context(), c.acc, id)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, health)
}

func (a *api) deleteMailbox(w http.ResponseWriter, r *http.Request, c caller) error {
	id := r.PathValue("id")
	if !nameable(id) {
		return errNotFound
	}
	mode := ingest.DeleteMode(r.URL.Query().Get("mode"))
	if mode == "" {
		mode = ingest.Disconnect
	}
	if mode != ingest.Disconnect && mode != ingest.DeleteMail {
		return newProblem(http.StatusBadRequest, "invalid_mode", "mode must be disconnect or delete")
	}
	if err := a.Mailboxes.Delete(r.Context(), c.acc, id, mode); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
