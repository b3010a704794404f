// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"
)

// buckets are those that the semantic conventions want for
// db.client.operation.duration, in seconds; its neighbors, which have none,
// take the same.
var buckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

// instruments are those of the database semantic conventions, and the length
// of a transaction, for which they have none.
type instruments struct {
	duration    metric.Float64Histogram
	createTime  metric.Float64Histogram
	useTime     metric.Float64Histogram
	transaction metric.Float64Histogram

	connection []metric.RecordOption
	outcomes   map[string][]metric.RecordOption
}

func (o *observer) newInstruments(m metric.Meter) *instruments {
	boundaries := metric.WithExplicitBucketBoundaries(buckets...)
	duration, err := dbconv.NewClientOperationDuration(m, boundaries)
	report(err)
	createTime, err := dbconv.NewClientConnectionCreateTime(m, boundaries)
	report(err)
	useTime, err := dbconv.NewClientConnectionUseTime(m, boundaries)
	report(err)
	transaction, err := m.Float64Histogram("waymark.db.transaction.duration", boundaries,
		metric.WithUnit("s"),
		metric.WithDescription("The time between the beginning of a transaction and the end of its commit or rollback."))
	report(err)
	report(o.pool.Load().register(o.meters.Provider()))
	in := &instruments{
		duration:    duration.Inst(),
		createTime:  createTime.Inst(),
		useTime:     useTime.Inst(),
		transaction: transaction,
		connection:  recordOptions(o.poolAttrs()),
		outcomes:    make(map[string][]metric.RecordOption),
	}
	for _, outcome := range []string{outcomeCommitted, outcomeRolledBack, outcomeFailed} {
		in.outcomes[outcome] = recordOptions(append(o.attrs[:len(o.attrs):len(o.attrs)], keyOutcome.String(outcome)))
	}
	return in
}

func recordOptions(attrs []attribute.KeyValue) []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}
}

func report(err error) {
	if err != nil {
		otel.Handle(err)
	}
}

// transaction measures the transaction that op ends.
func (op *operation) transaction(began time.Time, outcome string) {
	if op.in == nil || began.IsZero() {
		return
	}
	op.in.transaction.Record(op.ctx, time.Since(began).Seconds(), op.in.outcomes[outcome]...)
}

// creating and created measure the making of a connection.
func (o *observer) creating() time.Time {
	if o.meters.At() == nil {
		return time.Time{}
	}
	return time.Now()
}

func (o *observer) created(began time.Time) {
	if in := o.meters.At(); in != nil && !began.IsZero() {
		in.createTime.Record(context.Background(), time.Since(began).Seconds(), in.connection...)
	}
}

// borrow and giveBack measure how long a connection is out of the pool. Only
// the connections of drivers that are asked both when they leave it and when
// they come back show that.
func (c *conn) borrow() {
	if c.resetter != nil && c.validator != nil && c.o.meters.At() != nil {
		c.borrowed = time.Now()
	}
}

func (c *conn) giveBack() {
	if c.borrowed.IsZero() {
		return
	}
	took := time.Since(c.borrowed)
	c.borrowed = time.Time{}
	if in := c.o.meters.At(); in != nil {
		in.useTime.Record(context.Background(), took.Seconds(), in.connection...)
	}
}
