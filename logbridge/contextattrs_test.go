// SPDX-License-Identifier: Apache-2.0

package logbridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/waymark-otel/waymark/logbridge"
)

func TestACalleesAttrsAppearInTheCallersLaterRecords(t *testing.T) {
	ctx := logbridge.ContextWithAttrs(context.Background(), slog.String("tenant", "t1"))
	callee := func(ctx context.Context) {
		type unrelated struct{}
		ctx = context.WithValue(ctx, unrelated{}, 1)
		assert.True(t, logbridge.AddAttrs(ctx, slog.Int("order", 17), slog.String("tenant", "t2")))
	}
	assert.Equal(t, map[string]any{"tenant": "t1"}, logged(t, ctx, logbridge.ContextAttrs))
	callee(ctx)
	assert.Equal(t, map[string]any{"tenant": "t2", "order": 17.0}, logged(t, ctx, logbridge.ContextAttrs))
}

func TestScopesNestAndTheInnerWins(t *testing.T) {
	process := logbridge.ContextWithAttrs(context.Background(), slog.String("zone", "a"), slog.String("user", "none"))
	one := logbridge.ContextWithAttrs(process, slog.String("user", "ann"))
	two := logbridge.ContextWithAttrs(process)
	logbridge.AddAttrs(two, slog.Int("n", 2))
	logbridge.AddAttrs(process, slog.Bool("draining", true))
	assert.Equal(t, map[string]any{"zone": "a", "user": "ann", "draining": true}, logged(t, one, logbridge.ContextAttrs))
	assert.Equal(t, map[string]any{"zone": "a", "user": "none", "draining": true, "n": 2.0}, logged(t, two, logbridge.ContextAttrs),
		"one request's attributes reach another")
	assert.Equal(t, map[string]any{"zone": "a", "user": "none", "draining": true}, logged(t, process, logbridge.ContextAttrs))
}

func TestAddAttrsWithoutAScopeReportsIt(t *testing.T) {
	assert.False(t, logbridge.AddAttrs(context.Background(), slog.Int("a", 1)))
	assert.False(t, logbridge.AddAttrs(noContext, slog.Int("a", 1)))
	assert.Empty(t, logged(t, context.Background(), logbridge.ContextAttrs))
	assert.Equal(t, map[string]any{"a": 1.0}, logged(t, logbridge.ContextWithAttrs(noContext, slog.Int("a", 1)), logbridge.ContextAttrs))
}

func TestAScopeIsBounded(t *testing.T) {
	ctx := logbridge.ContextWithAttrs(context.Background())
	for i := range 64 {
		assert.True(t, logbridge.AddAttrs(ctx, slog.Int(fmt.Sprint("k", i), i)))
	}
	assert.False(t, logbridge.AddAttrs(ctx, slog.Int("one more", 1)))
	assert.True(t, logbridge.AddAttrs(ctx, slog.Int("k0", 100)), "what is there can be changed")
	got := logged(t, ctx, logbridge.ContextAttrs)
	assert.Len(t, got, 64)
	assert.Equal(t, 100.0, got["k0"])
	for i := range 4 {
		ctx = logbridge.ContextWithAttrs(ctx)
		for j := range 64 {
			logbridge.AddAttrs(ctx, slog.Int(fmt.Sprint("l", i, "-", j), j))
		}
	}
	assert.Len(t, logged(t, ctx, logbridge.ContextAttrs), 128)
}

func TestTheProgramsOwnAttrsWinOverTheContexts(t *testing.T) {
	ctx := logbridge.ContextWithAttrs(context.Background(), slog.String("user", "ctx"), slog.String("tenant", "t1"))
	stack := func(h slog.Handler) slog.Handler {
		return logbridge.ContextAttrs(h).WithAttrs([]slog.Attr{slog.String("tenant", "with")})
	}
	assert.Equal(t, map[string]any{"user": "call", "tenant": "with"}, logged(t, ctx, stack, "user", "call"))
}

func TestEmptyAttrsAndGroupsWithoutKeyAreTakenAsSlogDoes(t *testing.T) {
	ctx := logbridge.ContextWithAttrs(context.Background(), slog.Attr{}, slog.Group("", slog.Int("a", 1), slog.Group("", slog.Int("b", 2))), slog.Group("none"))
	assert.Equal(t, map[string]any{"a": 1.0, "b": 2.0}, logged(t, ctx, logbridge.ContextAttrs))
	assert.Empty(t, logged(t, logbridge.ContextWithAttrs(context.Background(), slog.Group("none")), logbridge.ContextAttrs))
}

func TestTheContextItselfIsKept(t *testing.T) {
	type key struct{}
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "v"))
	ctx := logbridge.ContextWithAttrs(parent, slog.Int("a", 1))
	assert.Equal(t, "v", ctx.Value(key{}))
	cancel()
	assert.ErrorIs(t, ctx.Err(), context.Canceled)
}

func ExampleContextAttrs() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	logger := slog.New(logbridge.ContextAttrs(handler))

	ctx := logbridge.ContextWithAttrs(context.Background(), slog.String("tenant", "t1"))
	logger.InfoContext(ctx, "request begins")
	authenticate(ctx)
	logger.InfoContext(ctx, "request ends")
	// Output:
	// level=INFO msg="request begins" tenant=t1
	// level=INFO msg="request ends" tenant=t1 user=ann
}

func authenticate(ctx context.Context) {
	logbridge.AddAttrs(ctx, slog.String("user", "ann"))
}

func ExampleContextWithAttrs() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	logger := slog.New(logbridge.ContextAttrs(handler))

	ctx := logbridge.ContextWithAttrs(context.Background(), slog.Int("batch", 7))
	for item := range 2 {
		ctx := logbridge.ContextWithAttrs(ctx, slog.Int("item", item))
		logger.InfoContext(ctx, "done")
	}
	// Output:
	// level=INFO msg=done batch=7 item=0
	// level=INFO msg=done batch=7 item=1
}

func ExampleAddAttrs() {
	ctx := logbridge.ContextWithAttrs(context.Background())
	fmt.Println(logbridge.AddAttrs(ctx, slog.String("user", "ann")))
	fmt.Println(logbridge.AddAttrs(context.Background(), slog.String("user", "ann")))
	// Output:
	// true
	// false
}
