// Package embedpg runs the machine's own PostgreSQL as a child of this
// process, for the demo on a laptop and for tests.
package embedpg
