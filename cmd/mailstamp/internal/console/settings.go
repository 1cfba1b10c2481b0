package console

import (
	"net/http"
	"time"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// SettingsPage is the four options for each of the three kinds.
type SettingsPage struct {
	Values   map[rules.Kind]rules.Setting
	Options  []rules.Setting
	Saved    bool
	Forecast *ForecastView // what the values would change, when that was asked
}

// ForecastView is a forecast with its cards named.
type ForecastView struct{ Gain, Lose ReachView }

// ReachView is one side of it.
type ReachView struct {
	Viewers, Messages int
	Cards             []CardLink
	MoreCards         int // beyond forecastCards
}

// forecastCards are named at most; a setting may touch thousands.
const forecastCards = 12

// Nothing says that the change changes nothing.
func (v ForecastView) Nothing() bool { return v.Gain.Messages == 0 && v.Lose.Messages == 0 }

func (c *console) settings(r *request) error {
	s, err := c.Feed.Settings(r.Context(), r.account, r.viewer.ID)
	if err != nil {
		return err
	}
	return r.renderSettings(s, nil)
}

func (r *request) renderSettings(s feed.Settings, forecast *ForecastView) error {
	r.render(http.StatusOK, "settings.html", "Settings of "+r.viewer.Name, SettingsPage{
		Values:   map[rules.Kind]rules.Setting{rules.Lead: s.Lead, rules.Contact: s.Contact, rules.Deal: s.Deal},
		Options:  []rules.Setting{rules.Nobody, rules.Owner, rules.OwnerOrCollaborator, rules.Everyone},
		Saved:    r.URL.Query().Has("saved"),
		Forecast: forecast,
	})
	return nil
}

// changeSettings saves the form, or says what saving it would change.
func (c *console) changeSettings(r *request) error {
	if err := r.readForm(); err != nil {
		return err
	}
	e := visibility.SettingChanged{User: r.viewer.ID}
	for kind, field := range map[rules.Kind]**rules.Setting{rules.Lead: &e.Lead, rules.Contact: &e.Contact, rules.Deal: &e.Deal} {
		if value := rules.Setting(r.PostForm.Get(string(kind))); value != "" {
			*field = &value
		}
	}
	if r.PostForm.Has("preview") {
		return c.previewSettings(r, e)
	}
	if _, err := c.Feed.ChangeSettings(r.Context(), r.account, r.viewer.ID, e); err != nil {
		return err
	}
	return r.seeOther(r.Link("as", r.viewer.ID, "settings", "?", "saved", "1"))
}

func (c *console) previewSettings(r *request, e visibility.SettingChanged) error {
	forecast, err := c.Feed.Preview(r.Context(), r.account, r.viewer.ID, &e, time.Now())
	if err != nil {
		return err
	}
	s, err := c.Feed.Settings(r.Context(), r.account, r.viewer.ID)
	if err != nil {
		return err
	}
	for _, kind := range []struct{ chosen, shown *rules.Setting }{{e.Lead, &s.Lead}, {e.Contact, &s.Contact}, {e.Deal, &s.Deal}} {
		if kind.chosen != nil {
			*kind.shown = *kind.chosen
		}
	}
	return r.renderSettings(s, &ForecastView{r.reachView(forecast.Gain), r.reachView(forecast.Lose)})
}

func (r *request) reachView(reach visibility.Reach) ReachView {
	v := ReachView{Viewers: reach.Viewers, Messages: reach.Messages}
	for i, card := range reach.Cards {
		if i == forecastCards {
			v.MoreCards = len(reach.Cards) - i
			break
		}
		v.Cards = append(v.Cards, CardLink{Name: r.nameOfCard(card), URL: r.Card("", card, "")})
	}
	return v
}
