// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"io"
	"os"
	"strconv"
)

const defaultWidth = 80

// terminalWidth returns how wide to draw: what was asked for, else COLUMNS,
// else what the terminal behind out says at this moment, else 80.
func terminalWidth(asked int, out io.Writer) func() int {
	if asked <= 0 {
		asked, _ = strconv.Atoi(os.Getenv("COLUMNS"))
	}
	return func() int {
		if asked > 0 {
			return asked
		}
		if n, ok := columns(out); ok && n > 0 {
			return n
		}
		return defaultWidth
	}
}

// terminalColor tells whether to use color: on a terminal that has it, unless
// NO_COLOR (https://no-color.org) says otherwise.
func terminalColor(out io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	_, ok := columns(out)
	return ok
}
