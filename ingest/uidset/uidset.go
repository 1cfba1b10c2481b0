// Package uidset holds sets of message UIDs as sorted, disjoint ranges.
//
// A folder of a million messages is a handful of ranges, and a server may
// claim 4,294,967,295 of them: a Set is iterated, cut and compared, never
// expanded. The package is pure.
//
// Invariant of every Set that this package returns: ranges ascend, do not
// touch, and contain no 0 (0 is not a UID, RFC 9051 section 2.3.1.1).
package uidset

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Range is the UIDs First to Last, both included.
type Range struct{ First, Last uint32 }

// Set is a set of UIDs. The zero value is the empty set.
type Set []Range

// Of returns the set of the UIDs given, in any order, repeated or not.
func Of(uids ...uint32) Set {
	b := make(Set, 0, len(uids))
	for _, u := range uids {
		b = b.Append(u, u)
	}
	return b.Normalize()
}

// Between returns the UIDs first to last; the empty set when last < first.
func Between(first, last uint32) Set {
	if first == 0 {
		first = 1
	}
	if last < first {
		return nil
	}
	return Set{{first, last}}
}

// Append adds a range at the end as it comes, joining it to the last one when
// they touch. Call Normalize after the last Append, unless all came in order.
func (s Set) Append(first, last uint32) Set {
	if first > last {
		first, last = last, first
	}
	if first == 0 {
		first = 1
	}
	if last == 0 {
		return s
	}
	if n := len(s); n > 0 {
		if end := &s[n-1]; first >= end.First && uint64(first) <= uint64(end.Last)+1 {
			end.Last = max(end.Last, last)
			return s
		}
	}
	return append(s, Range{first, last})
}

// Normalize sorts and joins s in place and returns it as a valid Set.
func (s Set) Normalize() Set {
	byFirst := func(a, b Range) int {
		switch {
		case a.First < b.First:
			return -1
		case a.First > b.First:
			return 1
		}
		return 0
	}
	if !slices.IsSortedFunc(s, byFirst) {
		slices.SortFunc(s, byFirst)
	}
	out := s[:0]
	for _, r := range s {
		if n := len(out); n > 0 && uint64(r.First) <= uint64(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// Count returns how many UIDs the set has.
func (s Set) Count() uint64 {
	var n uint64
	for _, r := range s {
		n += uint64(r.Last-r.First) + 1
	}
	return n
}

// Min returns the lowest UID, 0 for the empty set.
func (s Set) Min() uint32 {
	if len(s) == 0 {
		return 0
	}
	return s[0].First
}

// Max returns the highest UID, 0 for the empty set.
func (s Set) Max() uint32 {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].Last
}

// Contains says whether uid is in the set.
func (s Set) Contains(uid uint32) bool {
	i, found := slices.BinarySearchFunc(s, uid, func(r Range, u uint32) int {
		switch {
		case r.Last < u:
			return -1
		case r.First > u:
			return 1
		}
		return 0
	})
	return found && i < len(s)
}

// All yields the UIDs in ascending order.
func (s Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, r := range s {
			for u := uint64(r.First); u <= uint64(r.Last); u++ {
				if !yield(uint32(u)) {
					return
				}
			}
		}
	}
}

// Backward yields the UIDs in descending order.
func (s Set) Backward() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, r := range slices.Backward(s) {
			for u := uint64(r.Last); u >= uint64(r.First); u-- {
				if !yield(uint32(u)) {
					return
				}
			}
		}
	}
}

// Union returns the UIDs that are in either set.
func (s Set) Union(t Set) Set {
	return append(append(make(Set, 0, len(s)+len(t)), s...), t...).Normalize()
}

// Intersect returns the UIDs that are in both sets.
func (s Set) Intersect(t Set) Set {
	var out Set
	for i, j := 0, 0; i < len(s) && j < len(t); {
		first, last := max(s[i].First, t[j].First), min(s[i].Last, t[j].Last)
		if first <= last {
			out = append(out, Range{first, last})
		}
		if s[i].Last < t[j].Last {
			i++
		} else {
			j++
		}
	}
	return out
}

// Subtract returns the UIDs of s that are not in t.
func (s Set) Subtract(t Set) Set {
	var out Set
	j := 0
	for _, r := range s {
		next := uint64(r.First) // the lowest UID of r not yet decided
		for j < len(t) && t[j].Last < r.First {
			j++
		}
		for k := j; k < len(t) && t[k].First <= r.Last; k++ {
			if uint64(t[k].First) > next {
				out = append(out, Range{uint32(next), t[k].First - 1})
			}
			next = uint64(t[k].Last) + 1
		}
		if next <= uint64(r.Last) {
			out = append(out, Range{uint32(next), r.Last})
		}
	}
	return out
}

// Head returns the n lowest UIDs and the rest.
func (s Set) Head(n uint64) (head, rest Set) {
	for i, r := range s {
		if n == 0 {
			return head, rest.join(s[i:])
		}
		size := uint64(r.Last-r.First) + 1
		if size <= n {
			head = append(head, r)
			n -= size
			continue
		}
		head = append(head, Range{r.First, r.First + uint32(n) - 1})
		return head, Set{{r.First + uint32(n), r.Last}}.join(s[i+1:])
	}
	return head, nil
}

// Tail returns the n highest UIDs and the rest: newest first.
func (s Set) Tail(n uint64) (tail, rest Set) {
	count := s.Count()
	if count <= n {
		return s, nil
	}
	rest, tail = s.Head(count - n)
	return tail, rest
}

func (s Set) join(t Set) Set { return append(s, t...) }

// Split cuts the set into parts that each have at most n UIDs and at most
// ranges ranges, ascending. A command line stays short that way.
func (s Set) Split(n uint64, ranges int) iter.Seq[Set] {
	return func(yield func(Set) bool) {
		for rest := s; len(rest) > 0; {
			part := rest
			if len(part) > ranges {
				part = part[:ranges]
			}
			head, cut := part.Head(n)
			rest = append(append(Set(nil), cut...), rest[len(part):]...)
			if !yield(head) {
				return
			}
		}
	}
}

// String returns the set as IMAP writes it: 1:3,7.
func (s Set) String() string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(uint64(r.First), 10))
		if r.Last != r.First {
			b.WriteByte(':')
			b.WriteString(strconv.FormatUint(uint64(r.Last), 10))
		}
	}
	return b.String()
}
