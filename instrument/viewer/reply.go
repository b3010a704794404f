// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"encoding/json"
	"io"
	"net/http"
)

// Where writing fails, the caller has left; there is nobody to tell.

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// replyEach answers with an array of what may be all that is held. As JSON it
// is up to six times as large, so there is never more of it than one element.
func replyEach[T any](w http.ResponseWriter, items []T) {
	w.Header().Set("Content-Type", "application/json")
	if writeArray(w, items, writeJSON[T]) == nil {
		_, _ = io.WriteString(w, "\n")
	}
}

// replyTraces is replyEach for the spans of each of several traces.
func replyTraces(w http.ResponseWriter, traces [][]*held) {
	w.Header().Set("Content-Type", "application/json")
	spans := func(w io.Writer, spans []*held) error { return writeArray(w, spans, writeJSON[*held]) }
	if writeArray(w, traces, spans) == nil {
		_, _ = io.WriteString(w, "\n")
	}
}

func writeArray[T any](w io.Writer, items []T, write func(io.Writer, T) error) error {
	_, err := io.WriteString(w, "[")
	for i, item := range items {
		if i > 0 && err == nil {
			_, err = io.WriteString(w, ",")
		}
		if err == nil {
			err = write(w, item)
		}
		if err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "]")
	return err
}

func writeJSON[T any](w io.Writer, v T) error {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}
