// Package plan decides what to do next in a folder. It is pure: what we hold
// and what the server shows go in, actions come out.
package plan
