package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

const (
	keptRows   = 20000 // per worker's database: about 6 MB of C memory
	keptOrders = 50000 // in total: about 60 MB of Go memory
	items      = 12
)

type item struct {
	Name   string  `json:"name"`
	Number int     `json:"number"`
	Price  float64 `json:"price"`
	Note   string  `json:"note"`
}

type incoming struct {
	Customer string `json:"customer"`
	Items    []item `json:"items"`
}

// order returns the text of order n.
func order(n int) string {
	o := incoming{Customer: fmt.Sprintf("customer %d", n%1009)}
	for i := range items {
		o.Items = append(o.Items, item{fmt.Sprintf("thing %d", (n+i)%211), i + 1, float64(n%97) + 0.5, strings.Repeat("n", 40+n%60)})
	}
	text, _ := json.Marshal(o)
	return string(text)
}

// shop keeps the latest orders of all workers under one lock.
type shop struct {
	mu     sync.Mutex
	latest []*incoming // guarded by mu, a ring
	next   int         // guarded by mu
}

func newShop() *shop { return &shop{latest: make([]*incoming, keptOrders)} }

func (s *shop) handler(db *sql.DB) (http.Handler, error) {
	if _, err := db.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, customer TEXT, name TEXT, price REAL, note TEXT);
		CREATE INDEX by_customer ON t (customer)`); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o incoming
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		totals, err := store(db, &o)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.mu.Lock()
		s.latest[s.next] = &o
		s.next = (s.next + 1) % len(s.latest)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(totals)
	}), nil
}

// store adds the items, deletes old ones, and sums the customer's orders.
func store(db *sql.DB, o *incoming) (map[string]float64, error) {
	tx, err := db.Begin()
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	for _, i := range o.Items {
		if _, err := tx.Exec("INSERT INTO t (customer, name, price, note) VALUES (?, ?, ?, ?)", o.Customer, i.Name, i.Price, i.Note); err != nil {
			return nil, err
		}
	}
	if _, err := tx.Exec("DELETE FROM t WHERE id <= (SELECT max(id) FROM t) - ?", keptRows); err != nil {
		return nil, err
	}
	rows, err := tx.Query("SELECT name, sum(price) FROM t WHERE customer = ? GROUP BY name", o.Customer)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	totals := map[string]float64{}
	for rows.Next() {
		var name string
		var sum float64
		if err := rows.Scan(&name, &sum); err != nil {
			return nil, err
		}
		totals[name] = sum
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return totals, tx.Commit()
}
