// SPDX-License-Identifier: Apache-2.0

package httpwrap_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
)

// A base that is not net/http's may leave the length of its body unset.
func TestBodyOfABaseThatSetsNoLengthIsTheOutcome(t *testing.T) {
	tel := newTelemetry(t)
	body := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("broken off")))
	res, err := tel.transport(roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
	})).RoundTrip(out(context.Background(), t))
	require.NoError(t, err)
	_, err = io.ReadAll(res.Body)
	require.EqualError(t, err, "broken off")
	assert.Equal(t, codes.Error, tel.span().Status().Code)
	assert.Equal(t, "4", attributes(tel.span())["http.response.body.size"])
	assert.Equal(t, "*errors.errorString", tel.duration(clientDuration).attributes["error.type"])
}

// When the time of a request is over, several ends of it race to say so, in
// words of their own.
func TestEndOfTheContextNamesTheError(t *testing.T) {
	canceled := errors.New("net/http: request canceled")
	for name, sent := range map[string]func(*http.Request) (*http.Response, error){
		"before the response": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, canceled
		},
		"a moment before the context": func(r *http.Request) (*http.Response, error) {
			deadline, _ := r.Context().Deadline()
			time.Sleep(time.Until(deadline))
			return nil, canceled
		},
		"in the body": func(r *http.Request) (*http.Response, error) {
			late := iotest.ErrReader(canceled)
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(readerFunc(func(p []byte) (int, error) {
				<-r.Context().Done()
				return late.Read(p)
			}))}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tel := newTelemetry(t)
				client := http.Client{Transport: tel.transport(roundTripFunc(sent)), Timeout: time.Second}
				res, err := client.Do(out(context.Background(), t))
				if err == nil {
					_, err = io.ReadAll(res.Body)
					_ = res.Body.Close()
				}
				require.Error(t, err)
				synctest.Wait()
				assert.Equal(t, "context.DeadlineExceeded", attributes(tel.span())["error.type"])
				assert.Equal(t, "context.DeadlineExceeded", tel.duration(clientDuration).attributes["error.type"])
				assert.Equal(t, codes.Error, tel.span().Status().Code)
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
