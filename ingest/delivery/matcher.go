package delivery

// hits is the set of phrase lists of which a text holds a phrase.
type hits uint64

func (h hits) has(list int) bool { return h&(1<<list) != 0 }

// matcher finds the phrases of all lists in one pass over a text. A phrase starts
// where a word starts, and may end within one.
type matcher struct {
	byStart map[[3]byte][]listed
	lists   int
}

type listed struct {
	phrase string
	list   int
}

// add enters a list of phrases of at least three bytes, and gives its number.
func (m *matcher) add(phrases []string) int {
	if m.byStart == nil {
		m.byStart = map[[3]byte][]listed{}
	}
	n := m.lists
	m.lists++
	for _, p := range phrases {
		k := [3]byte([]byte(p))
		m.byStart[k] = append(m.byStart[k], listed{p, n})
	}
	return n
}

func (m *matcher) find(text string) hits {
	var found hits
	for i := 0; i+3 <= len(text); i++ {
		if i > 0 && wordByte(text[i-1]) {
			continue
		}
		for _, c := range m.byStart[[3]byte{text[i], text[i+1], text[i+2]}] {
			if !found.has(c.list) && len(text)-i >= len(c.phrase) && text[i:i+len(c.phrase)] == c.phrase {
				found |= 1 << c.list
			}
		}
	}
	return found
}

func wordByte(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
