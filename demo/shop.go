package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

const (
	customers    = 500
	products     = 2000
	cachedOrders = 4000
)

// An Order is what a customer bought.
type Order struct {
	ID       int64  `json:"id"`
	Customer int    `json:"customer"`
	Product  int    `json:"product"`
	Cents    int64  `json:"cents"`
	Note     string `json:"note"`
}

// shop holds orders in a file and the catalogue of products in memory. It is safe for concurrent use.
type shop struct {
	orders, catalogue  *sql.DB
	insert, get, match *sql.Stmt
	archive            *archive
	reports            *reports

	mu    sync.Mutex
	cache map[int64]Order // the newest orders, guarded by mu
}

const ordersSchema = `
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer, cents INTEGER NOT NULL, at_ms INTEGER NOT NULL,
	document BLOB NOT NULL);
CREATE INDEX orders_at ON orders(at_ms);
WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM n WHERE i < 499)
INSERT INTO customer SELECT i, 'customer ' || i, 'region ' || (i % 7) FROM n;`

const catalogueSchema = `
CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL);
WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
INSERT INTO product SELECT i, 'product ' || i, hex(randomblob(200)) FROM n;`

func openShop(ctx context.Context, dir string) (*shop, error) {
	s := &shop{archive: newArchive(), cache: map[int64]Order{}}
	steps := []func() error{
		func() (err error) {
			s.orders, err = open(ctx, "file:"+filepath.Join(dir, "orders.db")+"?_journal=WAL&_sync=NORMAL&_busy_timeout=10000", ordersSchema)
			return err
		},
		func() (err error) {
			s.catalogue, err = open(ctx, "file:catalogue?mode=memory&cache=shared", catalogueSchema)
			return err
		},
		func() (err error) {
			s.insert, err = s.orders.PrepareContext(ctx, `INSERT INTO orders(customer, cents, at_ms, document) VALUES(?, ?, ?, ?)`)
			return err
		},
		func() (err error) {
			s.get, err = s.orders.PrepareContext(ctx, `SELECT document FROM orders WHERE id = ?`)
			return err
		},
		func() (err error) {
			s.match, err = s.catalogue.PrepareContext(ctx, `SELECT name FROM product WHERE text LIKE ? ORDER BY name LIMIT 10`)
			return err
		},
		func() (err error) {
			s.reports, err = newReports(ctx, s.orders)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func open(ctx context.Context, name, schema string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func (s *shop) close() {
	if s.reports != nil {
		s.reports.close()
	}
	for _, db := range []*sql.DB{s.orders, s.catalogue} {
		if db != nil {
			db.Close()
		}
	}
	s.archive.close()
}

func (s *shop) place(ctx context.Context, o Order) (int64, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return 0, err
	}
	document, err := s.archive.compress(text)
	if err != nil {
		return 0, err
	}
	result, err := s.insert.ExecContext(ctx, o.Customer, o.Cents, time.Now().UnixMilli(), document)
	if err != nil {
		return 0, err
	}
	o.ID, err = result.LastInsertId()
	if err == nil {
		s.remember(o)
	}
	return o.ID, err
}

func (s *shop) remember(o Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache[o.ID] = o
	delete(s.cache, o.ID-cachedOrders)
}

var errNoOrder = errors.New("no such order")

func (s *shop) order(ctx context.Context, id int64) (Order, error) {
	s.mu.Lock()
	o, ok := s.cache[id]
	s.mu.Unlock()
	if ok {
		return o, nil
	}
	var document []byte
	err := s.get.QueryRowContext(ctx, id).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, errNoOrder
	}
	if err != nil {
		return Order{}, err
	}
	text, err := s.archive.decompress(document)
	if err != nil {
		return Order{}, fmt.Errorf("order %d: %w", id, err)
	}
	err = json.Unmarshal(text, &o)
	o.ID = id
	return o, err
}

func (s *shop) search(ctx context.Context, text string) ([]string, error) {
	rows, err := s.match.QueryContext(ctx, "%"+strings.ToUpper(text)+"%")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
