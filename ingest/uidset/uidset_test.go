package uidset

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every operation equals that of plain sets of numbers.
func TestAgainstPlainSets(t *testing.T) {
	t.Parallel()
	uids := rapid.SliceOfN(rapid.Uint32Range(1, 60), 0, 40)
	rapid.Check(t, func(t *rapid.T) {
		a, b := uids.Draw(t, "a"), uids.Draw(t, "b")
		sa, sb := Of(a...), Of(b...)
		sort := func(l []uint32) []uint32 {
			l = slices.Clone(l)
			slices.Sort(l)
			return slices.Compact(l)
		}
		in := func(l []uint32) func(uint32) bool { return func(u uint32) bool { return slices.Contains(l, u) } }
		check := func(what string, got Set, want []uint32) {
			for i, r := range got {
				if r.First == 0 || r.First > r.Last || i > 0 && uint64(r.First) <= uint64(got[i-1].Last)+1 {
					t.Fatalf("%s: %v breaks the invariant", what, got)
				}
			}
			if l := slices.Collect(got.All()); !slices.Equal(l, want) {
				t.Fatalf("%s: %v, want %v", what, l, want)
			}
			if got.Count() != uint64(len(want)) {
				t.Fatalf("%s: count %d, want %d", what, got.Count(), len(want))
			}
		}
		la, lb := sort(a), sort(b)
		check("of", sa, la)
		check("union", sa.Union(sb), sort(append(slices.Clone(a), b...)))
		check("intersect", sa.Intersect(sb), slices.DeleteFunc(slices.Clone(la), func(u uint32) bool { return !in(lb)(u) }))
		check("subtract", sa.Subtract(sb), slices.DeleteFunc(slices.Clone(la), in(lb)))
		n := rapid.IntRange(0, len(la)).Draw(t, "n")
		head, rest := sa.Head(uint64(n))
		check("head", head, la[:n])
		check("rest of head", rest, la[n:])
		tail, rest := sa.Tail(uint64(n))
		check("tail", tail, la[len(la)-n:])
		check("rest of tail", rest, la[:len(la)-n])
		back := slices.Collect(sa.Backward())
		slices.Reverse(back)
		if !slices.Equal(back, la) {
			t.Fatalf("backward: %v, want %v", back, la)
		}
		var parts []uint32
		size, ranges := rapid.Uint64Range(1, 10).Draw(t, "size"), rapid.IntRange(1, 4).Draw(t, "ranges")
		for p := range sa.Split(size, ranges) {
			if p.Count() > size || len(p) > ranges || len(p) == 0 {
				t.Fatalf("split in %d/%d: %v", size, ranges, p)
			}
			parts = append(parts, slices.Collect(p.All())...)
		}
		if !slices.Equal(parts, la) {
			t.Fatalf("split: %v, want %v", parts, la)
		}
		for u := range uint32(62) {
			if sa.Contains(u) != in(la)(u) {
				t.Fatalf("contains %d", u)
			}
		}
	})
}

func TestAtTheEnds(t *testing.T) {
	t.Parallel()
	all := Between(0, math.MaxUint32)
	if all.Count() != math.MaxUint32 || all.Min() != 1 || all.Max() != math.MaxUint32 {
		t.Errorf("all is %v", all)
	}
	if s := all.Subtract(Of(5, math.MaxUint32)).String(); s != "1:4,6:4294967294" {
		t.Error(s)
	}
	n := 0
	for range Between(math.MaxUint32-1, math.MaxUint32).All() {
		n++
	}
	for range Between(1, 1).Backward() {
		n++
	}
	if n != 3 {
		t.Errorf("%d steps", n)
	}
	if s := Of(math.MaxUint32).Union(all); len(s) != 1 {
		t.Errorf("union %v", s)
	}
	if len(Between(5, 4)) != 0 || len(Of(0)) != 0 || Set(nil).String() != "" {
		t.Error("empty sets are not empty")
	}
	tail, _ := all.Tail(3)
	if tail.String() != "4294967293:4294967295" {
		t.Error(tail)
	}
}
