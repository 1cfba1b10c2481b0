package delivery

import "strings"

// autoReply recognises an automatic answer (RFC 3834) and what answered so before
// there was a field for it. It says that a program answered, nothing more.
func (m *mail) autoReply() (Report, bool) {
	if !m.answersByItself() || m.from == "" {
		return Report{}, false
	}
	text, _, _ := m.words()
	return Report{
		Kind: AutoReply, Family: "rfc3834",
		Recipients: []Recipient{{Address: m.from, Action: Replied, Class: AutoAnswer, Diagnostic: m.subject, Passage: text}},
	}, true
}

// answersByItself: the field of RFC 3834 decides where it is there. Without it a
// sign in the header will do, or a subject that answers a mail.
func (m *mail) answersByItself() bool {
	switch v := strings.ToLower(m.header.get("auto-submitted")); {
	case strings.HasPrefix(v, "auto-replied"):
		return true
	case strings.HasPrefix(v, "no"):
		return false
	case v != "":
		return m.vacationSubject() // auto-generated, auto-notified: mostly no answers
	}
	for _, name := range []string{"x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-auto-respond"} {
		if v := strings.ToLower(m.header.get(name)); m.header.has(name) && v != "no" && v != "false" {
			return true
		}
	}
	switch strings.ToLower(strings.TrimSpace(m.header.get("precedence"))) {
	case "auto_reply", "auto-reply":
		return true
	}
	switch strings.ToLower(strings.TrimSpace(m.header.get("x-precedence"))) {
	case "auto_reply", "auto-reply":
		return true
	}
	if m.header.has("list-id") || m.header.has("list-unsubscribe") {
		return false
	}
	answers := m.header.has("in-reply-to") || m.header.has("references") || m.machine
	return answers && m.vacationSubject()
}

func (m *mail) vacationSubject() bool {
	s := strings.ToLower(m.subject)
	for _, prefix := range vacationSubjects {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// vacationSubjects start the subjects of automatic answers of the common programs
// in the languages they speak.
var vacationSubjects = []string{
	"auto reply:", "auto-reply:", "autoreply:", "auto reply from", "auto response:", "auto-response:", "autoresponse:", "auto:",
	"automatic reply", "automatic response", "automated reply", "automated response", "automatically generated reply",
	"out of office", "out-of-office", "ooo:", "[auto-reply]", "(auto-reply)", "away from my mail", "vacation reply", "on vacation:",
	"automatische antwort", "abwesenheitsnotiz", "abwesenheit:", "abwesend:", "automatisch antwoord", "afwezig", "afwezigheidsbericht",
	"réponse automatique", "absence du bureau", "absence :", "message d'absence", "respuesta automática", "fuera de la oficina", "fuera de oficina",
	"risposta automatica", "fuori sede", "resposta automática", "fora do escritório", "autosvar", "autosvar:", "frånvaro", "fravær", "automaattinen vastaus", "poissa",
	"automatická odpověď", "autoodpowiedź", "odpowiedź automatyczna", "automatikus válasz", "răspuns automat", "otomatik yanıt", "автоответ", "автоматический ответ",
	"автоматична відповідь", "自動応答", "自動返信", "不在通知", "自动回复", "自動回覆", "자동 회신", "자동응답", "การตอบกลับอัตโนมัติ", "trả lời tự động", "αυτόματη απάντηση",
}
