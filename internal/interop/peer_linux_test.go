// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"os/exec"
	"syscall"
)

// dieWithUs ends a peer with the process of the tests, however that ends.
func dieWithUs(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
