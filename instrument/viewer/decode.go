// SPDX-License-Identifier: Apache-2.0

package viewer

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxBody bounds one request, before and after decompression. Zipkin's own
// limit is 5 MiB.
const maxBody = 16 << 20

var errTooLarge = errors.New("viewer: body is larger than 16 MiB")

// errTooMuch is what a batch meets that could not be held even alone.
var errTooMuch = errors.New("viewer: body takes more memory than the viewer may hold")

// decode reads a JSON array of Zipkin v2 spans. Nothing is returned with an
// error: Zipkin takes a whole body or none of it. What is decoded, or may be
// inflated, is bounded by maxBody and by maxBytes.
func decode(body []byte, compressed bool, maxBytes int64) ([]Span, error) {
	var r io.Reader = bytes.NewReader(body)
	if compressed {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errors.New("viewer: body is not gzip, as its Content-Encoding says")
		}
		r = z
	}
	source := &bounded{r: r, left: maxBody}
	d := json.NewDecoder(source)
	switch open, err := d.Token(); {
	case err == io.EOF:
		return nil, errors.New("viewer: body is empty, want a JSON array of spans")
	case err != nil:
		return nil, explain(err)
	case open != json.Delim('['):
		return nil, errors.New("viewer: body is not a JSON array of spans")
	}
	var spans []Span
	var size int64
	for d.More() {
		var w wireSpan
		if err := d.Decode(&w); err != nil {
			return nil, inSpan(len(spans), explain(err))
		}
		s, err := w.span()
		if err != nil {
			return nil, inSpan(len(spans), err)
		}
		if size += s.size(); size > maxBytes {
			return nil, errTooMuch
		}
		spans = append(spans, s)
	}
	if _, err := d.Token(); err != nil {
		return nil, explain(err)
	}
	if _, err := d.Token(); err == nil {
		return nil, errors.New("viewer: body goes on after the array of spans")
	} else if err != io.EOF {
		return nil, explain(err)
	}
	if source.failed != nil { // Go 1.27's decoder has said io.EOF for it
		return nil, explain(source.failed)
	}
	return spans, nil
}

func inSpan(i int, err error) error {
	if errors.Is(err, errTooLarge) {
		return err
	}
	return fmt.Errorf("viewer: span %d: %s", i, strings.TrimPrefix(err.Error(), "viewer: "))
}

// explain names the rule that the body broke, in the words of this package.
func explain(err error) error {
	var mismatch *json.UnmarshalTypeError
	var corrupt flate.CorruptInputError
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errTooLarge):
		return errTooLarge
	case errors.As(err, &mismatch):
		return fmt.Errorf("viewer: %s is a JSON %s, want %s", field(mismatch.Field), kindOf(mismatch.Value), want(mismatch))
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return errors.New("viewer: body is damaged gzip")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"): // Go 1.27
		return errors.New("viewer: body ends early")
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
		// It quotes all of what stood for a number.
		return errors.New("viewer: a number in quotes is not a number")
	}
	return fmt.Errorf("viewer: body is not JSON: %w", err)
}

func field(name string) string {
	if name == "" {
		return "it"
	}
	// A tag's key is part of the name, as long and as strange as its sender liked.
	return quote(name)
}

// kindOf takes the number out of "number 1e400".
func kindOf(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	return kind
}

func want(e *json.UnmarshalTypeError) string {
	switch e.Type.String() {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "json.Number":
		return "a number"
	}
	if strings.HasPrefix(e.Type.String(), "[]") {
		return "an array"
	}
	return "an object"
}

// quote shows a stranger's text in an error: escaped, and not at length.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return strconv.Quote(s)
}

// bounded fails, where io.LimitReader would pretend that the input ended.
type bounded struct {
	r      io.Reader
	left   int64
	failed error // what ended the input, if not its end
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// The end may be exactly here.
		if n, err := b.r.Read(p[:min(1, len(p))]); n == 0 {
			return 0, err
		}
		return 0, errTooLarge
	}
	// The decoder looks at all it has after each Read: fill p, or blanks sent
	// bit by bit are looked at over and over.
	p = p[:min(int64(len(p)), b.left)]
	n := 0
	var err error
	for n < len(p) && err == nil {
		var more int
		more, err = b.r.Read(p[n:])
		n += more
	}
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		b.failed = err
	}
	return n, err
}
