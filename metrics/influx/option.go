// SPDX-License-Identifier: Apache-2.0

package influx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Option changes a default of [NewWriter].
type Option interface {
	apply(*config) error
}

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

type config struct {
	write      string // the URL that is posted to, without credentials
	user       *url.Userinfo
	token      string
	policy     string
	client     *http.Client
	ownClient  bool // its connections are nobody else's
	interval   time.Duration
	timeout    time.Duration
	batchBytes int
	queueBytes int
	onError    func(error)
}

func newConfig(endpoint, database string, opts []Option) (config, error) {
	c := config{
		interval:   time.Second,
		timeout:    5 * time.Second,
		batchBytes: 256 << 10,
		queueBytes: 4 << 20,
	}
	var errs []error
	for _, o := range opts {
		if o != nil {
			errs = append(errs, o.apply(&c))
		}
	}
	if database == "" {
		errs = append(errs, errors.New("influx: no database is named"))
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil: // its text may hold a password
		errs = append(errs, errors.New("influx: the address is no URL"))
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		errs = append(errs, fmt.Errorf("influx: address %q is not http://host:port", u.Redacted()))
	default:
		if u.User != nil && c.user == nil {
			c.user = u.User
		}
		u.User = nil
		u = u.JoinPath("write")
		query := url.Values{"db": {database}, "precision": {"ns"}}
		if c.policy != "" {
			query.Set("rp", c.policy)
		}
		u.RawQuery, u.Fragment = query.Encode(), ""
		c.write = u.String()
	}
	if c.queueBytes < c.batchBytes {
		errs = append(errs, fmt.Errorf("influx: a queue of %d bytes is less than a batch of %d", c.queueBytes, c.batchBytes))
	}
	if c.client == nil {
		c.client, c.ownClient = &http.Client{}, true
		if standard, ok := http.DefaultTransport.(*http.Transport); ok {
			c.client.Transport = standard.Clone()
		}
	}
	// A redirect would take points, and perhaps credentials, elsewhere.
	client := *c.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.client = &client
	return c, errors.Join(errs...)
}

// WithCredentials sets a name and a password. By default, those of the URL.
func WithCredentials(user, password string) Option {
	return option(func(c *config) error {
		c.user = url.UserPassword(user, password)
		return nil
	})
}

// WithToken sets the token that InfluxDB 2 wants. By default, none.
func WithToken(token string) Option {
	return option(func(c *config) error {
		c.token = token
		return nil
	})
}

// WithRetentionPolicy chooses where points are kept, and for how long. By
// default, the database's own choice.
func WithRetentionPolicy(name string) Option {
	return option(func(c *config) error {
		c.policy = name
		return nil
	})
}

// WithHTTPClient sets the client to post with; redirects are not followed
// whatever it says. By default, and for nil, one of its own.
func WithHTTPClient(client *http.Client) Option {
	return option(func(c *config) error {
		c.client = client
		return nil
	})
}

// WithFlushInterval sets how long a point may wait. By default, one second.
func WithFlushInterval(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("influx: flush interval %v is not positive", d)
		}
		c.interval = d
		return nil
	})
}

// WithTimeout sets how long one request may take, and Close, and Flush when
// its context has no deadline. By default, five seconds.
func WithTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("influx: timeout %v is not positive", d)
		}
		c.timeout = d
		return nil
	})
}

// WithBatchBytes sets the size of a request, which is sent early when so much
// is there. By default, 256 KiB. A larger point is dropped and counted.
func WithBatchBytes(n int) Option {
	return option(func(c *config) error {
		if n < 1024 {
			return fmt.Errorf("influx: a batch of %d bytes is less than 1024", n)
		}
		c.batchBytes = n
		return nil
	})
}

// WithQueueBytes bounds the memory for points that wait. By default, 4 MiB.
// When it is full, new points are dropped and counted.
func WithQueueBytes(n int) Option {
	return option(func(c *config) error {
		c.queueBytes = n
		return nil
	})
}

// WithErrorHandler has handle told of each failed request. It is called by the
// goroutine that sends. By default, [Writer.Stats] says it to those who ask.
func WithErrorHandler(handle func(error)) Option {
	return option(func(c *config) error {
		c.onError = handle
		return nil
	})
}
