package config

import (
	"fmt"
	"slices"
	"strings"
)

// Role is a part of the worker that may run in a process of its own.
type Role string

const (
	Sync Role = "sync" // mailboxes
	Jobs Role = "jobs" // re-stamping and upkeep
	HTTP Role = "http" // the public listener
)

// Roles are the parts that a process runs, each once.
type Roles []Role

// AllRoles is the whole worker.
var AllRoles = Roles{Sync, Jobs, HTTP}

// UnmarshalText reads roles separated by commas.
func (r *Roles) UnmarshalText(text []byte) error {
	var out Roles
	for word := range strings.SplitSeq(string(text), ",") {
		role := Role(strings.TrimSpace(word))
		if !slices.Contains(AllRoles, role) {
			return fmt.Errorf("%q is none of sync, jobs, http", role)
		}
		if !out.Has(role) {
			out = append(out, role)
		}
	}
	*r = out
	return nil
}

// Has reports whether role is one of r.
func (r Roles) Has(role Role) bool { return slices.Contains(r, role) }
