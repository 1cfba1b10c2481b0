package api

import (
	"net/http"

	"github.com/mailstamp/mailstamp/visibility"
)

func (a *api) cardFeed(w http.ResponseWriter, r *http.Request, c caller) error {
	cut, err := cutOf(r)
	if err != nil {
		return err
	}
	page, err := a.Feed.Feed(r.Context(), c.acc, c.viewer, cardOf(r), cut)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}

func (a *api) cardThreads(w http.ResponseWriter, r *http.Request, c caller) error {
	cut, err := cutOf(r)
	if err != nil {
		return err
	}
	page, err := a.Feed.Threads(r.Context(), c.acc, c.viewer, cardOf(r), cut)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}

func (a *api) cardConversations(w http.ResponseWriter, r *http.Request, c caller) error {
	list, err := a.Feed.Conversations(r.Context(), c.acc, c.viewer, cardOf(r))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list)
}

func (a *api) thread(w http.ResponseWriter, r *http.Request, c caller) error {
	cut, err := cutOf(r)
	if err != nil {
		return err
	}
	card, err := askedCard(r)
	if err != nil {
		return err
	}
	thread, err := a.Feed.Thread(r.Context(), c.acc, c.viewer, r.PathValue("id"), card, cut)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, thread)
}

func (a *api) message(w http.ResponseWriter, r *http.Request, c caller) error {
	card, err := askedCard(r)
	if err != nil {
		return err
	}
	item, err := a.Feed.Message(r.Context(), c.acc, c.viewer, r.PathValue("id"), card)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, item)
}

// explain answers for another viewer where the caller is the service, or asks about own mail (visibility.Explain).
func (a *api) explain(w http.ResponseWriter, r *http.Request, c caller) error {
	card, err := askedCard(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	message, viewer := query.Get("message"), c.viewer
	if query.Has("viewer") {
		viewer = query.Get("viewer")
	}
	if message == "" || card == nil || viewer == "" {
		return newProblem(http.StatusBadRequest, "invalid_request", "name message, card and, for a service, viewer")
	}
	asker := c.viewer
	if c.service {
		asker = ""
	}
	explanation, err := a.Feed.Explain(r.Context(), c.acc, asker, viewer, message, *card)
	if err != nil {
		return err
	}
	if explanation.Facts == nil {
		explanation.Facts = []visibility.Fact{}
	}
	return answer(w, http.StatusOK, explanation)
}

func (a *api) audit(w http.ResponseWriter, r *http.Request, c caller) error {
	cut, err := cutOf(r)
	if err != nil {
		return err
	}
	page, err := a.Feed.Audit(r.Context(), c.acc, cut)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}

func (a *api) unmatchedReports(w http.ResponseWriter, r *http.Request, c caller) error {
	cut, err := cutOf(r)
	if err != nil {
		return err
	}
	page, err := a.Feed.UnmatchedReports(r.Context(), c.acc, cut)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}
