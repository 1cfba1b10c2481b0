package embedpg

import "syscall"

// dieWithParent has the kernel end the server by a fast shutdown when the
// thread that started it is gone, however it went.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
}
