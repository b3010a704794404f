// SPDX-License-Identifier: Apache-2.0

package httpwrap

import "net/http"

// compose returns w with the methods of s. Go has no type whose methods are
// chosen while running, so here are all of them but those of net/http, which
// are in shape.go, in binary order. All have WriteString, which io.WriteString
// does without if it must: its presence is not a fact that anybody reads.
func compose(w *response, s shape) http.ResponseWriter {
	b := stringWriter{w}
	switch s &^ canWriteString {
	case canFlush:
		return struct {
			stringWriter
			flusher
		}{b, flusher{w}}
	case canHijack:
		return struct {
			stringWriter
			hijacker
		}{b, hijacker{w}}
	case canFlush | canHijack:
		return struct {
			stringWriter
			flusher
			hijacker
		}{b, flusher{w}, hijacker{w}}
	case canPush:
		return struct {
			stringWriter
			pusher
		}{b, pusher{w}}
	case canFlush | canPush:
		return struct {
			stringWriter
			flusher
			pusher
		}{b, flusher{w}, pusher{w}}
	case canHijack | canPush:
		return struct {
			stringWriter
			hijacker
			pusher
		}{b, hijacker{w}, pusher{w}}
	case canFlush | canHijack | canPush:
		return struct {
			stringWriter
			flusher
			hijacker
			pusher
		}{b, flusher{w}, hijacker{w}, pusher{w}}
	case canReadFrom:
		return struct {
			stringWriter
			readerFrom
		}{b, readerFrom{w}}
	case canFlush | canReadFrom:
		return struct {
			stringWriter
			flusher
			readerFrom
		}{b, flusher{w}, readerFrom{w}}
	case canHijack | canReadFrom:
		return struct {
			stringWriter
			hijacker
			readerFrom
		}{b, hijacker{w}, readerFrom{w}}
	case canFlush | canHijack | canReadFrom:
		return struct {
			stringWriter
			flusher
			hijacker
			readerFrom
		}{b, flusher{w}, hijacker{w}, readerFrom{w}}
	case canPush | canReadFrom:
		return struct {
			stringWriter
			pusher
			readerFrom
		}{b, pusher{w}, readerFrom{w}}
	case canFlush | canPush | canReadFrom:
		return struct {
			stringWriter
			flusher
			pusher
			readerFrom
		}{b, flusher{w}, pusher{w}, readerFrom{w}}
	case canHijack | canPush | canReadFrom:
		return struct {
			stringWriter
			hijacker
			pusher
			readerFrom
		}{b, hijacker{w}, pusher{w}, readerFrom{w}}
	case canFlush | canHijack | canPush | canReadFrom:
		return struct {
			stringWriter
			flusher
			hijacker
			pusher
			readerFrom
		}{b, flusher{w}, hijacker{w}, pusher{w}, readerFrom{w}}
	case canCloseNotify:
		return struct {
			stringWriter
			notifier
		}{b, notifier{w}}
	case canFlush | canCloseNotify:
		return struct {
			stringWriter
			flusher
			notifier
		}{b, flusher{w}, notifier{w}}
	case canHijack | canCloseNotify:
		return struct {
			stringWriter
			hijacker
			notifier
		}{b, hijacker{w}, notifier{w}}
	case canFlush | canHijack | canCloseNotify:
		return struct {
			stringWriter
			flusher
			hijacker
			notifier
		}{b, flusher{w}, hijacker{w}, notifier{w}}
	case canPush | canCloseNotify:
		return struct {
			stringWriter
			pusher
			notifier
		}{b, pusher{w}, notifier{w}}
	case canFlush | canPush | canCloseNotify:
		return struct {
			stringWriter
			flusher
			pusher
			notifier
		}{b, flusher{w}, pusher{w}, notifier{w}}
	case canHijack | canPush | canCloseNotify:
		return struct {
			stringWriter
			hijacker
			pusher
			notifier
		}{b, hijacker{w}, pusher{w}, notifier{w}}
	case canFlush | canHijack | canPush | canCloseNotify:
		return struct {
			stringWriter
			flusher
			hijacker
			pusher
			notifier
		}{b, flusher{w}, hijacker{w}, pusher{w}, notifier{w}}
	case canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			readerFrom
			notifier
		}{b, readerFrom{w}, notifier{w}}
	case canFlush | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			flusher
			readerFrom
			notifier
		}{b, flusher{w}, readerFrom{w}, notifier{w}}
	case canHijack | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			hijacker
			readerFrom
			notifier
		}{b, hijacker{w}, readerFrom{w}, notifier{w}}
	case canFlush | canHijack | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			flusher
			hijacker
			readerFrom
			notifier
		}{b, flusher{w}, hijacker{w}, readerFrom{w}, notifier{w}}
	case canPush | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			pusher
			readerFrom
			notifier
		}{b, pusher{w}, readerFrom{w}, notifier{w}}
	case canFlush | canPush | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			flusher
			pusher
			readerFrom
			notifier
		}{b, flusher{w}, pusher{w}, readerFrom{w}, notifier{w}}
	case canHijack | canPush | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			hijacker
			pusher
			readerFrom
			notifier
		}{b, hijacker{w}, pusher{w}, readerFrom{w}, notifier{w}}
	case canFlush | canHijack | canPush | canReadFrom | canCloseNotify:
		return struct {
			stringWriter
			flusher
			hijacker
			pusher
			readerFrom
			notifier
		}{b, flusher{w}, hijacker{w}, pusher{w}, readerFrom{w}, notifier{w}}
	}
	return b
}
