//go:build !linux

package dsncorpus

import "time"

// CPUTime is how long f takes, where threads cannot be asked for their own time.
func CPUTime(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
