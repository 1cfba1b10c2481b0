package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Pair is a key of an entry of the trail with its value in words.
type Pair struct{ Key, Value string }

// Pairs are what an entry of the trail says of its subject; users and cards by their names as far as they are known here.
func (f frame) Pairs(object json.RawMessage) []Pair {
	var fields map[string]any
	if json.Unmarshal(object, &fields) != nil {
		return []Pair{{"", string(object)}} // not an object: shown as it is
	}
	var pairs []Pair
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		pairs = append(pairs, Pair{strings.ReplaceAll(key, "_", " "), f.trailValue(key, fields[key])})
	}
	return pairs
}

func (f frame) trailValue(key string, value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case string:
		if key == "user" || key == "owner" || key == "author" {
			return f.nameOf(value)
		}
		return value
	case []any:
		if len(value) == 0 {
			return "none"
		}
		words := make([]string, len(value))
		for i, one := range value {
			words[i] = f.trailValue("", one)
		}
		return strings.Join(words, ", ")
	case map[string]any:
		if kind, id := fmt.Sprint(value["kind"]), fmt.Sprint(value["id"]); len(value) == 2 && rules.Kind(kind).Valid() {
			return kind + " " + f.nameOfCard(visibility.CardRef{Kind: rules.Kind(kind), ID: id})
		}
		if id, ok := value["id"].(string); ok { // a deal's contact
			return id
		}
		text, _ := json.Marshal(value) // it was JSON a moment ago
		return string(text)
	}
	return fmt.Sprint(value)
}

// Effect is what an act did to stamps.
type Effect struct{ Shown, Hidden int }

// Effect reads it.
func (f frame) Effect(object json.RawMessage) Effect {
	var e Effect
	_ = json.Unmarshal(object, &e) // an act without effect on stamps has neither
	return e
}
