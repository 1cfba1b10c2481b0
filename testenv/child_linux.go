package testenv

import "syscall"

// dieWithParent has the kernel end a child when the thread that started it is
// gone, so a test process that is killed leaves none.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
