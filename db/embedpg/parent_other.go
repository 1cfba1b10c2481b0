//go:build unix && !linux

package embedpg

import "syscall"

// dieWithParent can promise nothing here; the next Start ends an orphan.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
