// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql/driver"
	"time"
)

// tx is an observed transaction.
type tx struct {
	raw driver.Tx
	c   *conn
	// ctx is what began the transaction: COMMIT and ROLLBACK belong to the
	// same caller and are given no context of their own.
	ctx   context.Context
	began time.Time
}

var _ driver.Tx = (*tx)(nil)

// wrapTx returns raw observed; without a transaction there is nothing to wrap.
func (c *conn) wrapTx(ctx context.Context, raw driver.Tx) driver.Tx {
	if raw == nil {
		return nil
	}
	return &tx{raw: raw, c: c, ctx: ctx, began: c.o.now()}
}

func (t *tx) Commit() error { return t.finish(t.c.o.fixed.commit, outcomeCommitted) }

func (t *tx) Rollback() error { return t.finish(t.c.o.fixed.rollback, outcomeRolledBack) }

func (t *tx) finish(d *described, outcome string) error {
	var op operation
	if !t.c.o.beginFixed(&op, t.ctx, d) {
		return t.call(outcome)
	}
	ended := outcomeFailed // what a driver that does not return leaves
	defer func() {
		op.transaction(t.began, ended)
		op.escaped()
	}()
	err := t.call(outcome)
	if err == nil {
		ended = outcome
	}
	op.returned(t.c, err)
	return err
}

func (t *tx) call(outcome string) error {
	if outcome == outcomeCommitted {
		return t.raw.Commit()
	}
	return t.raw.Rollback()
}
