package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// load generates requests like those of users. Every request must succeed.
type load struct {
	url      string
	requests atomic.Int64
	orders   atomic.Int64 // placed so far
	client   http.Client
}

func newLoad(url string) *load {
	return &load{url: url, client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}}
}

// every calls f at a fixed interval until ctx ends.
func every(ctx context.Context, pace time.Duration, f func() error) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := f(); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// customer places an order, reads an old one and searches the catalogue.
func (l *load) customer(ctx context.Context, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0))
	return every(ctx, 15*time.Millisecond, func() error {
		text, err := json.Marshal(Order{
			Customer: random.IntN(customers),
			Product:  random.IntN(products),
			Cents:    random.Int64N(100000),
			Note:     strings.Repeat(fmt.Sprintf("deliver to door %d, ", random.IntN(1000)), 150),
		})
		if err != nil {
			return err
		}
		if err := l.do(ctx, http.MethodPost, "/orders", text); err != nil {
			return err
		}
		if err := l.do(ctx, http.MethodGet, fmt.Sprintf("/orders/%d", 1+random.Int64N(l.orders.Add(1))), nil); err != nil {
			return err
		}
		return l.do(ctx, http.MethodGet, fmt.Sprintf("/products?text=%x", random.Uint32()>>16), nil)
	})
}

// dashboard is a page left open: it requests the report of the last second repeatedly.
func (l *load) dashboard(ctx context.Context) error {
	return every(ctx, 8*time.Millisecond, func() error {
		return l.do(ctx, http.MethodGet, fmt.Sprintf("/reports/top-customers?since_ms=%d", time.Now().Add(-time.Second).UnixMilli()), nil)
	})
}

func (l *load) do(ctx context.Context, method, path string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, l.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	l.requests.Add(1)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
