// A deterministic workload of SQLite. It prints one JSON object: digests of all rows read and of the database file, and SQLite's figures of its own
// memory. Built with the tag cmemprof, its allocations are sampled at the interval of the first argument.
package main

// long long sqlite3_memory_used(void); // go-sqlite3 links it
import "C"

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	_ "github.com/mattn/go-sqlite3"
)

type result struct {
	Rows, File      string // SHA-256
	OpenBytes       int64  // SQLite's memory with everything still open
	ClosedBytes     int64  // and when all is closed
	Samples         uint64 // 0 without cmemprof
	LostOrCutStacks uint64
}

// The workload. SEED differs between databases.
var statements = []string{
	`CREATE TABLE item(id INTEGER PRIMARY KEY, kind INTEGER, weight REAL, name TEXT, data BLOB)`,
	`CREATE TABLE tag(item INTEGER REFERENCES item ON DELETE CASCADE, word TEXT, PRIMARY KEY(item, word)) WITHOUT ROWID`,
	`CREATE VIRTUAL TABLE words USING fts4(body)`,
	`CREATE VIRTUAL TABLE boxes USING rtree(id, left, right, bottom, top)`,
	`WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
	 INSERT INTO item SELECT i, (i * 7919 + SEED) % 97, (i * 31 % 1000) / 8.0, printf('item %05d of SEED', i * 7 % 4001),
	 CAST(replace(hex(zeroblob(i % 200)), '00', printf('%02x', i % 256)) AS BLOB) FROM n`,
	`INSERT INTO tag SELECT item.id, 'tag' || (item.id * k.value % 53) FROM item, json_each('[1,2,3]') k WHERE true ON CONFLICT DO NOTHING`,
	`INSERT INTO words SELECT name || ' ' || kind FROM item WHERE id % 3 = 0`,
	`INSERT INTO boxes SELECT id, kind, kind + 3, id % 500, id % 500 + 10 FROM item WHERE id % 5 = 0`,
	`CREATE INDEX item_kind ON item(kind, weight)`,
	`CREATE INDEX item_name ON item(substr(name, 6, 3))`,
	`CREATE TRIGGER heavier AFTER UPDATE OF weight ON item WHEN new.weight > 100 BEGIN
	 INSERT OR IGNORE INTO tag VALUES(new.id, 'heavy'); END`,
	`CREATE VIEW heavy AS SELECT item.* FROM item JOIN tag ON tag.item = item.id WHERE tag.word = 'heavy'`,
	`UPDATE item SET weight = weight * 1.25 WHERE kind BETWEEN 10 AND 60`,
	`DELETE FROM item WHERE id % 11 = SEED % 11`,
	`SELECT kind, count(*), sum(weight), min(name), max(length(data)), group_concat(id) FROM item GROUP BY kind ORDER BY kind`,
	`SELECT a.id, b.id, a.name || b.name FROM item a JOIN item b ON b.kind = a.kind AND b.weight > a.weight WHERE a.id < 300 ORDER BY a.id, b.id`,
	`SELECT word, count(*), avg(weight) FROM tag LEFT JOIN item ON item.id = tag.item GROUP BY word ORDER BY word`,
	`SELECT id, rank() OVER w, lag(name, 2) OVER w, sum(weight) OVER (w ROWS BETWEEN 5 PRECEDING AND 2 FOLLOWING) FROM item
	 WINDOW w AS (PARTITION BY kind ORDER BY weight, id) ORDER BY id`,
	`SELECT rowid, snippet(words) FROM words WHERE words MATCH 'item AND 1*' ORDER BY rowid`,
	`SELECT id FROM boxes WHERE left > 20 AND right < 60 AND top > 100 ORDER BY id`,
	`SELECT json_group_object(id, json_array(kind, weight, hex(data))) FROM (SELECT * FROM item ORDER BY id LIMIT 500)`,
	`SELECT count(*), sum(weight) FROM heavy`,
	`SELECT substr(name, 6, 3) part, count(*) FROM item GROUP BY part HAVING count(*) > 1 ORDER BY 2 DESC, 1`,
	`SELECT kind FROM item EXCEPT SELECT kind * 2 FROM item UNION SELECT length(data) FROM item INTERSECT SELECT id FROM item ORDER BY 1`,
	`ANALYZE`,
	`VACUUM`,
	`REINDEX`,
	`PRAGMA integrity_check`,
	`PRAGMA page_count`,
	`SELECT * FROM sqlite_schema ORDER BY name`,
}

func main() {
	start()
	if err := run(os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// run works in one database on disk, and in parallel in some in memory.
func run(dir string) error {
	path := filepath.Join(dir, "work.db")
	names := []string{path, ":memory:", ":memory:", ":memory:"}
	dbs := make([]*sql.DB, len(names))
	digests := make([]hash.Hash, len(names))
	errs := make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			digests[i] = sha256.New()
			dbs[i], errs[i] = work(name, i, digests[i])
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r := result{OpenBytes: int64(C.sqlite3_memory_used())}
	for _, db := range dbs {
		if err := db.Close(); err != nil {
			return err
		}
	}
	r.ClosedBytes = int64(C.sqlite3_memory_used())
	rows := sha256.New()
	for _, digest := range digests {
		rows.Write(digest.Sum(nil))
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r.Rows, r.File = fmt.Sprintf("%x", rows.Sum(nil)), fmt.Sprintf("%x", sha256.Sum256(file))
	r.Samples, r.LostOrCutStacks = stats()
	return json.NewEncoder(os.Stdout).Encode(r)
}

func work(name string, seed int, digest io.Writer) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		statement = strings.ReplaceAll(statement, "SEED", strconv.Itoa(seed))
		if err := query(db, statement, digest); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return db, transactions(db, digest)
}

// transactions writes with prepared statements, and rolls back every third transaction and parts of others.
func transactions(db *sql.DB, digest io.Writer) error {
	ctx := context.Background()
	for i := range 30 {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		insert, err := tx.Prepare(`INSERT INTO item(kind, weight, name, data) VALUES(?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		for k := range 50 {
			if _, err := insert.Exec(i, float64(k)/4, fmt.Sprint("late ", i, k), make([]byte, k*k*4)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`SAVEPOINT part; DELETE FROM item WHERE id % 7 = 3; ROLLBACK TO part; RELEASE part`); err != nil {
			return err
		}
		if i%3 == 0 {
			err = tx.Rollback()
		} else {
			err = tx.Commit()
		}
		if err != nil {
			return err
		}
	}
	if _, err := db.Exec(`INSERT INTO item(id) VALUES(5)`); err == nil {
		return errors.New("a second item 5 was taken")
	}
	return query(db, `SELECT id, kind, weight, name, length(data) FROM item ORDER BY id`, digest)
}

// query adds every value it reads, with its type, to digest.
func query(db *sql.DB, statement string, digest io.Writer) error {
	rows, err := db.Query(statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		for _, value := range values {
			fmt.Fprintf(digest, "%T %v|", value, value)
		}
	}
	return rows.Err()
}
