// SPDX-License-Identifier: Apache-2.0

package sqltrace_test

import "log/slog"

var discardLogger = slog.New(slog.DiscardHandler)
