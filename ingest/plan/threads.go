package plan

import (
	"maps"
	"slices"
)

// Threads joins the messages of a batch with each other and with threads that exist.
//
// Each message names keys (hashes of Message-IDs, any comparable form); whoever shares a key is of one thread. The
// partition that results is that of the connected messages, so it does not depend on the order in which they come.
type Threads struct {
	parent []int          // of nodes; a node is a message, a key or a thread
	keys   map[string]int // node of a key
	known  map[int64]int  // node of an existing thread
}

// NewThreads starts with what the keys are known to belong to.
func NewThreads(links map[string]int64) *Threads {
	t := &Threads{keys: map[string]int{}, known: map[int64]int{}}
	for key, thread := range links {
		t.join(t.key(key), t.Thread(thread))
	}
	return t
}

func (t *Threads) node() int {
	t.parent = append(t.parent, len(t.parent))
	return len(t.parent) - 1
}

func (t *Threads) key(k string) int {
	n, ok := t.keys[k]
	if !ok {
		n = t.node()
		t.keys[k] = n
	}
	return n
}

// Thread returns the node of an existing thread.
func (t *Threads) Thread(id int64) int {
	n, ok := t.known[id]
	if !ok {
		n = t.node()
		t.known[id] = n
	}
	return n
}

// Message adds a message with its keys and returns its node.
func (t *Threads) Message(keys []string) int {
	n := t.node()
	for _, k := range keys {
		t.join(n, t.key(k))
	}
	return n
}

// Join makes two nodes one thread.
func (t *Threads) Join(a, b int) { t.join(a, b) }

func (t *Threads) root(n int) int {
	for t.parent[n] != n {
		t.parent[n] = t.parent[t.parent[n]]
		n = t.parent[n]
	}
	return n
}

func (t *Threads) join(a, b int) {
	if a, b = t.root(a), t.root(b); a != b {
		t.parent[max(a, b)] = min(a, b)
	}
}

// Outcome is what to write: which existing threads end in which, how many new ones are needed, and where nodes and keys
// belong. New threads are numbered from 0 as negative ids: -1, -2, …
type Outcome struct {
	Merged map[int64]int64  // loser → winner, the lowest id
	Fresh  int              // new threads
	Links  map[string]int64 // of all keys
	roots  map[int]int64
	t      *Threads
}

// Solve ends the joining.
func (t *Threads) Solve() Outcome {
	o := Outcome{Merged: map[int64]int64{}, Links: map[string]int64{}, roots: map[int]int64{}, t: t}
	for _, id := range slices.Sorted(maps.Keys(t.known)) {
		root := t.root(t.known[id])
		if winner, taken := o.roots[root]; taken {
			o.Merged[id] = winner
		} else {
			o.roots[root] = id
		}
	}
	for n := range t.parent { // nodes are in the order of the messages
		if root := t.root(n); o.roots[root] == 0 {
			o.Fresh++
			o.roots[root] = int64(-o.Fresh)
		}
	}
	for key, n := range t.keys {
		o.Links[key] = o.roots[t.root(n)]
	}
	return o
}

// Of returns the thread of a node.
func (o Outcome) Of(node int) int64 { return o.roots[o.t.root(node)] }
