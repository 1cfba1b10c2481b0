package visibility_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// TestScenarios runs the stories of testdata/scenarios, whose README says how to read them.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenario", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &scenario{world: newWorld(t), versions: map[string]int64{}, mails: map[string][]int64{}}
			for i, line := range strings.Split(string(text), "\n") {
				s.at = fmt.Sprintf("%s:%d: %s", file, i+1, line)
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					s.run(line)
				}
			}
		})
	}
}

type scenario struct {
	*world
	at       string
	versions map[string]int64
	users    []string
	mails    map[string][]int64 // the copies of a mail
}

// words of a line: those with "=" by name, the others in order.
type words struct {
	plain []string
	named map[string]string
}

func (w words) list(name string) []string {
	if w.named[name] == "" {
		return nil
	}
	return strings.Split(w.named[name], ",")
}

func (w words) yesNo(name string) *bool {
	text, said := w.named[name]
	if !said {
		return nil
	}
	yes := text == "yes"
	return &yes
}

func split(line string) words {
	w := words{named: map[string]string{}}
	for _, word := range strings.Fields(line) {
		if name, value, named := strings.Cut(word, "="); named {
			w.named[name] = value
		} else {
			w.plain = append(w.plain, word)
		}
	}
	return w
}

func (s *scenario) run(line string) {
	question, answer, asks := strings.Cut(line, ":")
	w := split(question)
	arg := w.plain[1:]
	switch w.plain[0] {
	case "user":
		if !slices.Contains(s.users, arg[0]) {
			s.users = append(s.users, arg[0])
		}
		active := true
		addresses := []string{arg[0] + "@us.test"}
		for _, word := range arg[1:] {
			if word == "inactive" {
				active = false
			} else {
				addresses = append(addresses, word)
			}
		}
		s.must(&visibility.UserUpserted{ID: arg[0], Version: s.next("user", arg[0]), Addresses: addresses, Active: &active})
	case "delete-user":
		s.must(&visibility.UserDeleted{ID: arg[0], Version: s.next("user", arg[0])})
	case "lead", "contact", "deal":
		s.must(s.cardEvent(w, s.next(w.plain[0], arg[0])))
	case "late": // an event of an older version
		status, err := s.tell(s.cardEvent(words{w.plain[1:], w.named}, 1))
		if err != nil || status != visibility.Stale {
			s.Fatalf("%s\nstatus %q, error %v; want stale", s.at, status, err)
		}
	case "delete":
		ref := cardRef(arg[0])
		s.must(&visibility.CardDeleted{Kind: ref.Kind, ID: ref.ID, Version: s.next(string(ref.Kind), ref.ID)})
	case "convert":
		e := &visibility.LeadConverted{Lead: arg[0], Contact: arg[1], Version: s.next("lead", arg[0])}
		if deal, said := w.named["deal"]; said {
			e.Deal = &deal
		}
		s.must(e)
	case "merge":
		s.must(&visibility.ContactMerged{Winner: arg[0], Losers: arg[1:], Version: s.next("contact", arg[0])})
	case "set":
		value := rules.Setting(arg[2])
		e := &visibility.SettingChanged{User: arg[0], Version: s.next("setting", arg[0])}
		switch rules.Kind(arg[1]) {
		case rules.Lead:
			e.Lead = &value
		case rules.Contact:
			e.Contact = &value
		case rules.Deal:
			e.Deal = &value
		}
		s.must(e)
	case "share":
		s.share(arg, w)
	case "block":
		e := &visibility.BlocklistChanged{Version: s.next("blocklist", arg[0])}
		if arg[0] != "account" {
			e.User = &arg[0]
		}
		for _, word := range arg[1:] {
			switch {
			case strings.HasPrefix(word, "@"):
				e.Entries = append(e.Entries, visibility.BlockEntry{Domain: word[1:]})
			case strings.Contains(word, "/"):
				ref := cardRef(word)
				e.Entries = append(e.Entries, visibility.BlockEntry{Card: &ref})
			default:
				e.Entries = append(e.Entries, visibility.BlockEntry{Address: word})
			}
		}
		s.must(e)
	case "policy":
		handover := w.named["handover"]
		s.must(&visibility.PolicyChanged{Version: s.next("policy", ""), Handover: &handover})
	case "mail":
		id := s.store(mail{name: arg[0], author: arg[1], outbound: arg[2] == "out", to: arg[3:], cc: w.list("cc"), bcc: w.list("bcc")})
		s.mails[arg[0]] = append(s.mails[arg[0]], id)
	case "pending":
		s.pending = true
	case "settle":
		s.pending = false
		s.settle()
	case "verdict":
		s.verdict(arg[0], cardRef(arg[1]), arg[2], arg[3])
	case "sees":
		s.expect(asks, answer, s.sees(arg[0], cardRef(arg[1])))
	case "who":
		s.expect(asks, answer, s.who(arg[0], cardRef(arg[1])))
	default:
		s.Fatalf("%s\nno such word", s.at)
	}
}

func (s *scenario) must(e visibility.Event) {
	s.Helper()
	status, err := s.tell(e)
	if err != nil || status != visibility.Applied {
		s.Fatalf("%s\nstatus %q, error %v", s.at, status, err)
	}
}

func (s *scenario) next(entity, id string) int64 {
	s.versions[entity+"/"+id]++
	return s.versions[entity+"/"+id]
}

func (s *scenario) cardEvent(w words, version int64) *visibility.CardUpserted {
	arg := w.plain[1:]
	e := &visibility.CardUpserted{Kind: rules.Kind(w.plain[0]), ID: arg[0], Version: version, Collaborators: w.list("with")}
	if owner, said := w.named["owner"]; said {
		e.Owner = &owner
	}
	if w.named["for"] == "everyone" {
		e.Audience.Everyone = true
	} else {
		e.Audience.Users = w.list("for")
	}
	for _, a := range arg[1:] {
		e.Addresses = append(e.Addresses, visibility.CardAddress{Address: a})
	}
	for _, id := range w.list("contacts") {
		e.Contacts = append(e.Contacts, visibility.DealContact{ID: id})
	}
	return e
}

func (s *scenario) share(arg []string, w words) {
	ref := cardRef(arg[1])
	key := strings.Join(arg[:3], " ")
	e := &visibility.ShareChanged{User: arg[0], Version: s.next("share", key), Card: ref, Address: arg[2], State: arg[3],
		AlsoDeals: w.yesNo("also_deals"), AlsoContact: w.yesNo("also_contact")}
	if len(arg) == 4 {
		s.must(e)
		return
	}
	var want []visibility.CardRef
	for _, card := range strings.Split(arg[5], ",") {
		want = append(want, cardRef(card))
	}
	_, err := s.tell(e)
	var choice *visibility.ChoiceRequired
	if !errors.As(err, &choice) || !slices.Equal(choice.Cards, want) {
		s.Fatalf("%s\nerror %v; want the question about %v", s.at, err, want)
	}
	s.versions["share/"+key]-- // nothing was changed
}

func (s *scenario) verdict(author string, card visibility.CardRef, address, want string) {
	s.Helper()
	var visible bool
	var got string
	s.read(func(tx *db.Tx) error {
		return tx.QueryRow(s.Context(), `
			select c.visible, c.reason from conversations c join addresses a on a.account_id = c.account_id and a.id = c.address_id
			where c.account_id = $1 and c.author_id = $2 and c.card_id = $3 and a.address = $4`,
			s.acc.ID, s.userID(author), s.cardID(card), address).Scan(&visible, &got)
	})
	if got != want {
		s.Errorf("%s\nstamped %s (visible: %v)", s.at, got, visible)
	}
}

// sees asks the feed: what does the viewer see on the card?
func (s *scenario) sees(viewer string, card visibility.CardRef) []string {
	s.Helper()
	svc := feed.Service{DB: s.d}
	page, err := svc.Feed(s.Context(), s.acc, viewer, card, feed.Cut{Limit: 100})
	if errors.Is(err, visibility.ErrNotFound) {
		return []string{"404"}
	}
	if err != nil {
		s.Fatalf("%s\n%v", s.at, err)
	}
	var names []string
	for _, item := range page.Items {
		names = append(names, item.Subject)
		// and the third side: may the viewer see this message?
		if !s.maySee(viewer, item.Subject, card) {
			s.Errorf("%s\nthe feed shows %s, and explain says that it is hidden", s.at, item.Subject)
		}
	}
	return names
}

func (s *scenario) who(name string, card visibility.CardRef) []string {
	var names []string
	for _, user := range s.users {
		if s.maySee(user, name, card) {
			names = append(names, user)
		}
	}
	return names
}

func (s *scenario) maySee(viewer, name string, card visibility.CardRef) (visible bool) {
	s.Helper()
	for _, id := range s.mails[name] {
		s.read(func(tx *db.Tx) error {
			why, err := visibility.Explain(s.Context(), tx, visibility.Question{Viewer: s.userID(viewer), Message: id, Card: s.cardID(card)})
			if errors.Is(err, visibility.ErrNotFound) {
				return nil
			}
			visible = visible || why.Visible
			return err
		})
	}
	return visible
}

func (s *scenario) expect(asks bool, answer string, got []string) {
	s.Helper()
	if want := strings.Fields(answer); !asks || !slices.Equal(got, want) {
		s.Errorf("%s\ngot %q", s.at, got)
	}
}

func cardRef(text string) visibility.CardRef {
	kind, id, _ := strings.Cut(text, "/")
	return visibility.CardRef{Kind: rules.Kind(kind), ID: id}
}
