package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
)

// preview forecasts an event as a delivery would hold it. In an event of the viewer's own, user and version may be missing.
func (a *api) preview(w http.ResponseWriter, r *http.Request, c caller) error {
	var body struct {
		Type      string                     `json:"type"`
		Timestamp *time.Time                 `json:"timestamp"`
		Data      map[string]json.RawMessage `json:"data"`
	}
	if err := decode(w, r, &body); err != nil {
		return err
	}
	if body.Data == nil {
		return &visibility.Invalid{Detail: "an event has type and data"}
	}
	viewer := c.viewer
	if c.service {
		viewer = ""
	} else {
		setDefault(body.Data, "user", viewer)
		body.Data["version"] = json.RawMessage("1") // feed.Preview says which
	}
	data, err := json.Marshal(body.Data)
	if err != nil {
		return err
	}
	if body.Type == webhook.SyncRequested {
		return a.previewSync(w, viewer, data)
	}
	event, err := webhook.ParseEvent(body.Type, data)
	if err != nil {
		return &visibility.Invalid{Detail: err.Error()}
	}
	at := a.now()
	if body.Timestamp != nil {
		at = *body.Timestamp
	}
	forecast, err := a.Feed.Preview(r.Context(), c.acc, viewer, event, at)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, forecast)
}

// previewSync: a request to look for mail changes nothing of what anybody sees.
func (a *api) previewSync(w http.ResponseWriter, viewer string, data []byte) error {
	if viewer != "" {
		return errNotFound // like every event that is not the viewer's own
	}
	if err := webhook.CheckSync(data); err != nil {
		return &visibility.Invalid{Detail: err.Error()}
	}
	nothing := visibility.Reach{Cards: []visibility.CardRef{}}
	return answer(w, http.StatusOK, visibility.Forecast{Gain: nothing, Lose: nothing})
}

func setDefault(object map[string]json.RawMessage, key, value string) {
	if _, there := object[key]; !there {
		object[key], _ = json.Marshal(value) // a string
	}
}
