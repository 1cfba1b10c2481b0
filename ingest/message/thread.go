package message

import "strings"

// ThreadIDs are the ids that tie a mail to its thread: its own first, then
// References and In-Reply-To, without repetition.
func ThreadIDs(h Header) []string {
	ids := make([]string, 0, 1+len(h.References)+len(h.InReplyTo))
	seen := make(map[string]bool, cap(ids))
	for _, list := range [][]string{{h.ThreadID}, h.References, h.InReplyTo} {
		for _, id := range list {
			if id != "" && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// Prefixes that mail programs put before a subject, in lower case, without colon.
var (
	replyPrefixes = map[string]bool{
		"re": true, "aw": true, "sv": true, "vs": true, "antw": true, "antwort": true, "odp": true, "ynt": true, "res": true,
		"rif": true, "r": true, "ang": true, "vá": true, "ref": true, "rsp": true, "resp": true, "réf": true, "atb": true, "bls": true, "ответ": true,
		"回复": true, "回覆": true, "答复": true, "答覆": true, "返信": true, "답장": true, "회신": true, "תגובה": true, "رد": true, "απ": true, "σχετ": true,
	}
	forwardPrefixes = map[string]bool{
		"fwd": true, "fw": true, "wg": true, "vb": true, "vl": true, "tr": true, "rv": true, "enc": true, "i": true, "pd": true, "doorst": true, "továbbítás": true,
		"videresendt": true, "ilt": true, "i̇lt": true, "转发": true, "轉寄": true, "転送": true, "전달": true, "הועבר": true, "пересл": true, "пересылка": true, "πρθ": true,
	}
)

// maxPrefixBytes bounds a prefix with its counter: "Re[12]".
const maxPrefixBytes = 32

// BaseSubject strips reply and forward prefixes and list tags off a subject and
// folds case and blanks (after RFC 5256, 2.1); reply tells whether a reply prefix
// was there. A subject of tags only keeps the last one.
func BaseSubject(subject string) (base string, reply bool) {
	s := strings.ToLower(cleanLine(subject, MaxSubjectBytes))
	for {
		if rest, isReply, ok := cutPrefix(s); ok {
			reply = reply || isReply
			s = rest
			continue
		}
		if rest, ok := cutTag(s); ok {
			s = rest
			continue
		}
		if rest, ok := strings.CutSuffix(s, "(fwd)"); ok {
			s = strings.TrimRight(rest, " ")
			continue
		}
		return s, reply
	}
}

// cutPrefix takes "re:", "re[2]:", "re (3) :" off the front of s.
func cutPrefix(s string) (rest string, reply, ok bool) {
	head := s[:min(len(s), maxPrefixBytes)]
	end, width := strings.IndexByte(head, ':'), 1
	if wide := strings.Index(head, "："); wide >= 0 && (end < 0 || wide < end) {
		end, width = wide, len("：")
	}
	if end <= 0 {
		return s, false, false
	}
	word := strings.TrimRight(head[:end], " ")
	if open := strings.LastIndexAny(word, "[(^*"); open > 0 {
		if strings.Trim(word[open:], "[](){}^*0123456789") == "" {
			word = strings.TrimRight(word[:open], " ")
		}
	} else if digits := strings.TrimRight(word, "0123456789"); replyPrefixes[digits] {
		word = digits // "re2:"
	}
	reply = replyPrefixes[word]
	if !reply && !forwardPrefixes[word] {
		return s, false, false
	}
	return strings.TrimLeft(s[end+width:], " "), reply, true
}

// cutTag takes "[list] " off the front of s when something is left behind it.
func cutTag(s string) (rest string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return s, false
	}
	_, rest, ok = strings.Cut(s, "]")
	rest = strings.TrimLeft(rest, " ")
	return rest, ok && rest != ""
}
