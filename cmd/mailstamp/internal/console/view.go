package console

import (
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

//go:embed templates
var templates embed.FS

// pages are the templates by file name, each with the frame and the parts that they share.
var pages = func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(template.FuncMap{
		"initials": initials, "hue": hue, "when": when, "day": day, "iso": iso, "size": size, "reason": reason, "percent": percent,
		"deliveryWord": deliveryWord, "settingWord": settingWord, "stateWord": stateWord, "classWord": classWord, "people": people, "plural": plural,
		"kindWord":   func(k rules.Kind) string { return strings.ToUpper(string(k)[:1]) + string(k)[1:] },
		"deliveries": deliveries, "reportWord": reportWord, "actWord": actWord, "whatToDo": whatToDo, "lag": lag, "held": held, "eventStateWord": eventStateWord,
		"plural64": func(n int64, one, many string) string { return plural(int(n), one, many) },
		"words":    func(code string) string { return strings.ReplaceAll(code, "_", " ") },
		"kinds":    func() []rules.Kind { return rules.Kinds[:] },
		"unseen":   func(direction string, seen *bool) bool { return direction == "inbound" && seen != nil && !*seen }, // nil: not the viewer's to know
		"about":    func(f frame, data any) frame { f.Data = data; return f },
	}).ParseFS(templates, "templates/layout.html", "templates/parts.html"))
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		panic(err) // a constant pattern
	}
	all := map[string]*template.Template{}
	for _, name := range names {
		page := template.Must(template.Must(shared.Clone()).ParseFS(templates, name))
		all[strings.TrimPrefix(name, "templates/")] = page
	}
	return all
}()

// frame is what the layout gets: the request, and the page's own data.
type frame struct {
	*request
	Title  string
	Status int
	Data   any
}

// Viewer is the user whose eyes we use, or nil.
func (f frame) Viewer() *feed.User { return f.viewer }

// Users are all who may be chosen as viewer.
func (f frame) Users() []feed.User { return f.users }

// AccountNames lists the accounts to choose from, none where there is only one.
func (f frame) Choices() []accountChoice {
	var out []accountChoice
	if len(f.accounts) > 1 {
		for _, acc := range f.accounts {
			out = append(out, accountChoice{acc.PublicID, acc.Name, acc == f.account})
		}
	}
	return out
}

type accountChoice struct {
	ID, Name string
	Chosen   bool
}

// AccountName is that of the chosen account.
func (f frame) AccountName() string {
	if f.account == nil {
		return ""
	}
	return f.account.Name
}

// CardGroup is the viewer's cards of one kind.
type CardGroup struct {
	Kind  rules.Kind
	Cards []CardLink
}

// CardLink is a card in a list.
type CardLink struct {
	Name, URL string
	Current   bool
}

// CardGroups are the cards that the viewer can open.
func (f frame) CardGroups() []CardGroup {
	var groups []CardGroup
	for _, kind := range rules.Kinds {
		g := CardGroup{Kind: kind}
		for _, card := range f.cards {
			if card.Kind == kind {
				g.Cards = append(g.Cards, CardLink{cardName(card), f.Card("", card.CardRef, ""), card.CardRef == f.ref})
			}
		}
		if len(g.Cards) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// Tool is a page in the navigation.
type Tool struct {
	Icon, Name, URL string
	Current         bool
}

// Tool makes the link to a page.
func (f frame) Tool(icon, name string, path ...string) Tool {
	return Tool{icon, name, f.Link(path...), f.Request.URL.Path == "/"+strings.Join(path, "/")}
}

// AsOther is this page as another user sees it: the same card, or that user's home.
func (f frame) AsOther(viewer string) string {
	if f.ref.Kind != "" {
		return f.Card(viewer, f.ref, "")
	}
	return f.Home(viewer)
}

// NameOf is a user's name by id, the id itself for one who is gone.
func (f frame) NameOf(id string) string { return f.nameOf(id) }

// Refresh is after how many seconds a browser without script makes the page again; 0 never.
func (f frame) Refresh() int { return f.refresh }

// OtherNames are the names of the users but the viewer's own.
func (f frame) OtherNames(ids []string) string {
	var names []string
	for _, id := range ids {
		if !f.IsViewer(id) {
			names = append(names, f.NameOf(id))
		}
	}
	return strings.Join(names, ", ")
}

// CardName is a card's name, as far as the viewer can open it.
func (f frame) CardName(ref *visibility.CardRef) string { return f.nameOfCard(*ref) }

// IsViewer says whether a user is the one who looks.
func (f frame) IsViewer(id string) bool { return f.viewer != nil && f.viewer.ID == id }

func cardName(card feed.CardSummary) string {
	if card.Name == "" {
		return card.ID
	}
	return card.Name
}

// initials of a name or address for its badge.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	var out string
	for _, word := range words {
		r, _ := utf8.DecodeRuneInString(word)
		out += string(unicode.ToUpper(r))
		if utf8.RuneCountInString(out) == 2 {
			break
		}
	}
	if out == "" {
		return "?"
	}
	return out
}

// hues is how many colours of badges the style sheet has.
const hues = 8

// hue gives a name its colour, always the same.
func hue(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return fmt.Sprintf("hue-%d", h.Sum32()%hues)
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// when is a time as short as it can be said now, in the machine's zone. Its title says it in full.
func when(t time.Time) string { return whenAt(t.Local(), time.Now()) }

func whenAt(t, now time.Time) string {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch ago := now.Sub(t); {
	case t.After(now.Add(time.Minute)): // a clock is wrong, or somebody lies
		return t.Format("2 Jan 2006, 15:04")
	case ago < time.Minute:
		return "just now"
	case ago < time.Hour:
		return fmt.Sprintf("%d min ago", int(ago.Minutes()))
	case !t.Before(midnight):
		return t.Format("15:04")
	case !t.Before(midnight.AddDate(0, 0, -1)):
		return t.Format("Yesterday, 15:04")
	case !t.Before(midnight.AddDate(0, 0, -6)):
		return t.Format("Monday, 15:04")
	case t.Year() == now.Year():
		return t.Format("2 Jan, 15:04")
	}
	return t.Format("2 Jan 2006")
}

// lag is how far a mailbox is behind, in words.
func lag(seconds int64) string {
	switch d := time.Duration(seconds) * time.Second; {
	case d < time.Minute:
		return "a moment"
	case d < time.Hour:
		return plural(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return plural(int(d.Hours()), "hour", "hours")
	default:
		return plural(int(d.Hours()/24), "day", "days")
	}
}

// day is a time in full.
func day(t time.Time) string { return t.Local().Format("Monday, 2 January 2006, 15:04 MST") }

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

func percent(part, whole int64) int64 {
	if whole <= 0 {
		return 0
	}
	return part * 100 / whole
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// people joins names for one line.
func people(list ...any) string {
	var names []string
	add := func(p feed.Person) {
		if p.Name != "" {
			names = append(names, p.Name)
		} else {
			names = append(names, p.Address)
		}
	}
	for _, item := range list {
		switch item := item.(type) {
		case []feed.Person:
			for _, p := range item {
				add(p)
			}
		case *feed.Person:
			if item != nil {
				add(*item)
			}
		}
	}
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	return strings.Join(names, ", ")
}

// held says that a share came along with a conversion or merge, and waits for its author because more people can open this
// card than could open the one it was said on (SPEC 8).
func held(c feed.Conversation) bool {
	return c.Share == "shared" && !c.Visible && c.Reason != rules.IsShared && c.Reason != "unstamped"
}

// reason says a rule's code in words; own is whether the viewer is the author.
func reason(code rules.Reason, own bool) string {
	whose := "The author's setting"
	if own {
		whose = "Your setting"
	}
	switch code {
	case rules.IsShared:
		return "Shared by hand"
	case rules.IsPrivate:
		return "Kept private by hand"
	case rules.SharedOnContact:
		return "Shared on the contact, which reaches this deal"
	case rules.SettingEveryone:
		return whose + " is “everyone”"
	case rules.SettingNobody:
		return whose + " is “nobody”"
	case rules.HandoverVisible:
		return "The card was handed over, and the new owner's setting shows it"
	case rules.HandoverHidden:
		return "The card was handed over, and the new owner's setting hides it"
	case rules.IsTheOwner:
		return whose + " shows mail on own cards"
	case rules.Collaborates:
		return whose + " shows mail on cards one collaborates on"
	case rules.NotOwner:
		return whose + " shows mail on own cards only"
	case rules.Blocked:
		return "The address is blocked"
	}
	return "Not decided yet, and hidden until it is"
}

// worstFirst are the statuses of sent mail, the one that needs somebody first.
var worstFirst = []string{"bounced", "delayed", "sent", "relayed", "delivered", "displayed", "replied"}

// StatusCount is how many of a message's recipients have a status.
type StatusCount struct {
	Status string
	N, Of  int
}

// deliveries are the statuses of a message's recipients, the worst first.
func deliveries(counts map[string]int) []StatusCount {
	var list []StatusCount
	all := 0
	for _, status := range worstFirst {
		if n := counts[status]; n > 0 {
			list = append(list, StatusCount{Status: status, N: n})
			all += n
		}
	}
	for i := range list {
		list[i].Of = all
	}
	return list
}

func deliveryWord(status string) string {
	words := map[string]string{"sent": "Sent", "delayed": "Delayed", "relayed": "Passed on", "delivered": "Delivered",
		"displayed": "Read", "replied": "Replied", "bounced": "Bounced"}
	if word, ok := words[status]; ok {
		return word
	}
	return status
}

// classWord says a bounce's class in words.
func classWord(class *string) string {
	if class == nil {
		return ""
	}
	return strings.ReplaceAll(*class, "_", " ")
}

func settingWord(s rules.Setting) string {
	switch s {
	case rules.Everyone:
		return "Everyone"
	case rules.OwnerOrCollaborator:
		return "Where I own or collaborate"
	case rules.Owner:
		return "Where I am the owner"
	}
	return "Nobody"
}

func stateWord(state string) string {
	words := map[string]string{"connecting": "Connecting", "backfilling": "Reading older mail", "live": "Live",
		"needs_auth": "Needs a new password", "held": "Held: confirm deletions", "error": "In trouble", "disconnected": "Disconnected"}
	if word, ok := words[state]; ok {
		return word
	}
	return state
}

// reportWord says what kind of report it is.
func reportWord(source string) string {
	words := map[string]string{"dsn": "Delivery report", "mdn": "Read receipt", "feedback": "Complaint", "answer": "Answer"}
	if word, ok := words[source]; ok {
		return word
	}
	return source
}

// actWord says an act of the trail in words.
func actWord(act string) string {
	words := map[string]string{
		"user.upserted": "User told", "user.deleted": "User deleted", "card.upserted": "Card told", "card.deleted": "Card deleted",
		"lead.converted": "Lead converted", "contact.merged": "Contacts merged", "setting.changed": "Setting changed",
		"share.changed": "Share changed", "share.held": "Share held until its author confirms", "blocklist.changed": "Block list changed",
		"policy.changed": "Policy changed", "message.forwarded": "Message forwarded", "restamped": "Stamps brought up to date",
	}
	if word, ok := words[act]; ok {
		return word
	}
	return act
}
