// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package viewer

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// columns asks the terminal behind out for its width, and reports whether
// there is one.
func columns(out io.Writer) (int, bool) {
	f, ok := out.(*os.File)
	if !ok {
		return 0, false
	}
	// Not f.Fd, which would make the file blocking.
	c, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	var size struct{ rows, columns, x, y uint16 }
	var errno syscall.Errno
	err = c.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	})
	return int(size.columns), err == nil && errno == 0
}
