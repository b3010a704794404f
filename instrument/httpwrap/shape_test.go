// SPDX-License-Identifier: Apache-2.0

package httpwrap

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryShapeIsPresentedAsItIs(t *testing.T) {
	for s := range shape(1 << 6) {
		// A writer of shape s, and ours around it.
		inner := compose(&response{w: httptest.NewRecorder()}, s)
		if s&^canWriteString != 0 {
			assert.Equal(t, s|canWriteString, shapeOf(inner), "composed %06b", s)
		}
		assert.Equal(t, shapeOf(inner), shapeOf(present(&response{w: inner})), "presented %06b", s)
	}
	assert.Zero(t, shapeOf(present(&response{w: blankWriter{}})))
}
