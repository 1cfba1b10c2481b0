package api

import (
	"net/http"
)

func (a *api) postErase(w http.ResponseWriter, r *http.Request, c caller) error {
	var body struct {
		Address string `json:"address"`
	}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	erasure, err := a.Erasures.Request(r.Context(), c.acc, body.Address)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/erase/"+erasure.Job)
	return answer(w, http.StatusAccepted, erasure)
}

func (a *api) erasure(w http.ResponseWriter, r *http.Request, c caller) error {
	erasure, err := a.Erasures.Get(r.Context(), c.acc, r.PathValue("job"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, erasure)
}
