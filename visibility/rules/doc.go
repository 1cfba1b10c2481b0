// Package rules decides whether one conversation is visible: SPEC 3.1 and
// nothing else. It is pure.
package rules
