package dsncorpus

import (
	"runtime"
	"syscall"
	"time"
)

// rusageThread asks for the calling thread's use (getrusage(2)).
const rusageThread = 1

// CPUTime is what f costs in processor time of its thread: other work on the
// machine does not count.
func CPUTime(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	f()
	return threadTime() - before
}

func threadTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &use); err != nil {
		return 0 // only for a bad argument
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
