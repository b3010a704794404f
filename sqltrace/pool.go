// SPDX-License-Identifier: Apache-2.0

package sqltrace

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"reflect"
	"strconv"
	"sync"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"
)

// ObservePool reports how db's connections are used, until stop is called:
// db.client.connection.count by state, db.client.connection.max where there
// is a limit, and the totals that database/sql keeps of waiting and of closed
// connections. A pool that [Open] or [OpenDB] returned is observed already,
// until it is closed, and from then on as opts say. stop may be called more
// than once. The error is that of the meter provider, or of a nil db.
func ObservePool(db *sql.DB, opts ...Option) (stop func() error, err error) {
	if db == nil {
		return func() error { return nil }, errors.New("sqltrace: a nil *sql.DB has no pool")
	}
	o := newObserver(identifyDriver(db.Driver()), opts)
	p := newPool(db, o)
	if err := p.register(o.meters.Provider()); err != nil {
		return func() error { return nil }, err
	}
	p.supersede()
	return p.stop, nil
}

// observeOpened observes a pool of ours, with whatever the meter provider is
// at the time: instruments that are made anew find the pool, too.
func observeOpened(db *sql.DB, o *observer) *pool {
	p := newPool(db, o)
	o.pool.Store(p)
	report(p.register(o.meters.Provider()))
	p.supersede()
	return p
}

// pools are those that are observed, so that none is twice: two reports of one
// number would be added up.
var pools struct {
	sync.Mutex
	of map[weak.Pointer[sql.DB]]*pool
}

// pool is one that is observed.
type pool struct {
	// key does not keep alive a pool that nobody closed.
	key   weak.Pointer[sql.DB]
	attrs []attribute.KeyValue

	mu           sync.Mutex
	provider     metric.MeterProvider
	registration metric.Registration
	stopped      bool
}

func newPool(db *sql.DB, o *observer) *pool {
	return &pool{key: weak.Make(db), attrs: o.poolAttrs()}
}

// supersede makes p the one that observes its pool.
func (p *pool) supersede() {
	pools.Lock()
	before := pools.of[p.key]
	if pools.of == nil {
		pools.of = make(map[weak.Pointer[sql.DB]]*pool)
	}
	pools.of[p.key] = p
	pools.Unlock()
	report(before.stop())
}

// stop ends the observation. A nil pool is none.
func (p *pool) stop() error {
	if p == nil {
		return nil
	}
	pools.Lock()
	if pools.of[p.key] == p {
		delete(pools.of, p.key)
	}
	pools.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	return p.unregister()
}

func (p *pool) unregister() error {
	r := p.registration
	p.registration, p.provider = nil, nil
	if r == nil {
		return nil
	}
	return r.Unregister()
}

// register reports to mp from now on, and to none before. A nil pool is none.
func (p *pool) register(mp metric.MeterProvider) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || p.provider != nil && reflect.TypeOf(p.provider) == reflect.TypeOf(mp) &&
		(!reflect.ValueOf(mp).Comparable() || p.provider == mp) {
		return nil
	}
	err := p.unregister()
	registration, rerr := p.observe(mp.Meter(recorded.Name, metric.WithSchemaURL(recorded.SchemaURL)))
	p.provider, p.registration = mp, registration
	return errors.Join(err, rerr)
}

func (p *pool) observe(m metric.Meter) (metric.Registration, error) {
	count, err1 := dbconv.NewClientConnectionCountObservable(m)
	limit, err2 := dbconv.NewClientConnectionMaxObservable(m)
	// The conventions want how long each wait took; database/sql tells how
	// many there were and how long they took together.
	waits, err3 := m.Int64ObservableCounter("waymark.db.connection.waits",
		metric.WithUnit("{wait}"), metric.WithDescription("The number of times that a connection was waited for."))
	waited, err4 := m.Float64ObservableCounter("waymark.db.connection.wait_time",
		metric.WithUnit("s"), metric.WithDescription("The time that was spent waiting for connections."))
	closed, err5 := m.Int64ObservableCounter("waymark.db.connection.closed",
		metric.WithUnit("{connection}"), metric.WithDescription("The number of connections that the pool closed, by reason."))
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}

	with := func(more ...attribute.KeyValue) metric.ObserveOption {
		return metric.WithAttributeSet(attribute.NewSet(append(p.attrs[:len(p.attrs):len(p.attrs)], more...)...))
	}
	var (
		all         = with()
		idle        = with(keyConnState.String(string(dbconv.ClientConnectionStateIdle)))
		used        = with(keyConnState.String(string(dbconv.ClientConnectionStateUsed)))
		maxIdle     = with(keyReason.String("max_idle"))
		maxIdleTime = with(keyReason.String("max_idle_time"))
		maxLifetime = with(keyReason.String("max_lifetime"))
	)
	return m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		db := p.key.Value()
		if db == nil {
			return nil
		}
		s := db.Stats()
		o.ObserveInt64(count.Inst(), int64(s.Idle), idle)
		o.ObserveInt64(count.Inst(), int64(s.InUse), used)
		if s.MaxOpenConnections > 0 {
			o.ObserveInt64(limit.Inst(), int64(s.MaxOpenConnections), all)
		}
		o.ObserveInt64(waits, s.WaitCount, all)
		o.ObserveFloat64(waited, s.WaitDuration.Seconds(), all)
		o.ObserveInt64(closed, s.MaxIdleClosed, maxIdle)
		o.ObserveInt64(closed, s.MaxIdleTimeClosed, maxIdleTime)
		o.ObserveInt64(closed, s.MaxLifetimeClosed, maxLifetime)
		return nil
	}, count.Inst(), limit.Inst(), waits, waited, closed)
}

// poolAttrs are on every point about connections.
func (o *observer) poolAttrs() []attribute.KeyValue {
	return override([]attribute.KeyValue{keyPoolName.String(o.poolName)}, o.config.attrs)
}

// poolName is what the conventions want for a pool without a name of its own.
func (t target) poolName() string {
	if t.address == "" && t.namespace == "" {
		return t.system
	}
	if t.namespace == "" {
		return t.hostPort()
	}
	return t.hostPort() + "/" + t.namespace
}

// hostPort returns the address with the port, where one is known.
func (t target) hostPort() string {
	if t.port == 0 {
		return t.address
	}
	return net.JoinHostPort(t.address, strconv.Itoa(t.port))
}
