package main

import (
	"bytes"
	"database/sql"
	"fmt"

	_ "github.com/mattn/go-sqlite3"
)

// sqliteStore is a table of at most 2,000 rows in memory, which several connections share.
type sqliteStore struct{ db *sql.DB }

const sqliteRows = 2000

func openSQLite() *sqliteStore {
	db, err := sql.Open("sqlite3", "file:soak?mode=memory&cache=shared&_busy_timeout=60000")
	must(err)
	db.SetMaxOpenConns(1) // a shared cache answers "table is locked" where a file would wait
	_, err = db.Exec("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, content BLOB NOT NULL); CREATE INDEX by_name ON item (name)")
	must(err)
	return &sqliteStore{db}
}

func sqliteContent(id, length int) []byte { return bytes.Repeat([]byte{byte(id)}, length) }

// work replaces 20 rows, and checks that it reads what was written. It returns the number of transactions.
func (s *sqliteStore) work(seed uint64) int64 {
	tx, err := s.db.Begin()
	must(err)
	for i := range 20 {
		random := mix(seed + uint64(i))
		id := int(random % sqliteRows)
		_, err := tx.Exec("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", id, fmt.Sprint("name ", random>>20%500), sqliteContent(id, 1+int(random>>40%4000)))
		must(err)
	}
	must(tx.Commit())
	rows, err := s.db.Query("SELECT id, content FROM item WHERE name IN (SELECT name FROM item GROUP BY name ORDER BY count(*) DESC, name LIMIT 5) ORDER BY id")
	must(err)
	defer rows.Close()
	for rows.Next() {
		var id int
		var content []byte
		must(rows.Scan(&id, &content))
		if !bytes.Equal(content, sqliteContent(id, len(content))) {
			fail(fmt.Errorf("SQLite: row %d has other content than was written", id))
		}
	}
	must(rows.Err())
	return 1
}
