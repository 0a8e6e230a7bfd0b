package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/mattn/go-sqlite3"
)

const topCustomersSQL = `
WITH spent AS (
	SELECT customer.id, customer.name, customer.region, sum(orders.cents) AS cents, count(*) AS orders, max(orders.at_ms) AS last_ms
	FROM orders JOIN customer ON customer.id = orders.customer
	WHERE orders.at_ms >= %d GROUP BY customer.id
), ranked AS (
	SELECT *, rank() OVER (PARTITION BY region ORDER BY cents DESC) AS place, sum(cents) OVER (PARTITION BY region) AS region_cents FROM spent
)
SELECT name, region, cents, orders, place, 100.0 * cents / region_cents FROM ranked WHERE place <= 3 ORDER BY region, place`

// reports has its own database connection, because it caches prepared statements of the driver.
type reports struct {
	mu         sync.Mutex
	conn       *sql.Conn
	statements map[string]*sqlite3.SQLiteStmt // by SQL; guarded by mu
}

func newReports(ctx context.Context, db *sql.DB) (*reports, error) {
	conn, err := db.Conn(context.WithoutCancel(ctx))
	return &reports{conn: conn, statements: map[string]*sqlite3.SQLiteStmt{}}, err
}

func (r *reports) close() {
	for _, statement := range r.statements {
		statement.Close()
	}
	r.conn.Close()
}

// topCustomersReport lists the customers who have spent most since sinceMs, by region.
//
// Here is the leak: the time is part of the SQL, so each report prepares a new statement, which is cached and never used again. Go's heap
// profile shows only a small map; the statements are C memory. With a parameter (at_ms >= ?) there would be one statement.
func (r *reports) topCustomersReport(sinceMs int64) (report [][]driver.Value, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	query := fmt.Sprintf(topCustomersSQL, sinceMs)
	if r.statements[query] == nil {
		err := r.conn.Raw(func(conn any) error {
			statement, err := conn.(*sqlite3.SQLiteConn).Prepare(query)
			if err == nil {
				r.statements[query] = statement.(*sqlite3.SQLiteStmt)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return readAll(r.statements[query])
}

func readAll(statement *sqlite3.SQLiteStmt) (all [][]driver.Value, err error) {
	rows, err := statement.Query(nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row := make([]driver.Value, len(rows.Columns()))
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
}
