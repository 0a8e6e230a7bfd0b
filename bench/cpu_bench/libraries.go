//go:build libraries

package main

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	duckdb "github.com/duckdb/duckdb-go-bindings"
	_ "github.com/mattn/go-sqlite3"
)

func init() {
	workloads["sqlite"] = func(until time.Time) {
		both(func() {
			db, err := sql.Open("sqlite3", ":memory:")
			check(err)
			db.SetMaxOpenConns(1)
			_, err = db.Exec("CREATE TABLE t (a TEXT, b INTEGER); CREATE INDEX i ON t (b)")
			check(err)
			for time.Now().Before(until) {
				_, err = db.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT hex(randomblob(20)), i FROM n")
				check(err)
				var count int
				check(db.QueryRow("SELECT count(*) FROM (SELECT b, count(DISTINCT substr(a, 1, 4)) FROM t WHERE a LIKE '%A%' GROUP BY b ORDER BY 2)").Scan(&count))
				_, err = db.Exec("DELETE FROM t WHERE b % 3 > 0")
				check(err)
			}
		})
	}
	workloads["duckdb"] = func(until time.Time) {
		var db duckdb.Database
		if duckdb.Open("", &db) != duckdb.StateSuccess {
			check(fmt.Errorf("DuckDB cannot open a database"))
		}
		both(func() {
			var connection duckdb.Connection
			if duckdb.Connect(db, &connection) != duckdb.StateSuccess {
				check(fmt.Errorf("DuckDB cannot connect"))
			}
			for time.Now().Before(until) {
				for _, query := range []string{
					"CREATE OR REPLACE TEMP TABLE t AS SELECT i, 'text ' || hash(i) AS s, i % 1000 AS g FROM range(400000) r(i)",
					"SELECT g, count(DISTINCT s), max(length(s)), quantile_cont(i, 0.5) FROM t WHERE regexp_matches(s, '[0-9]7') GROUP BY g ORDER BY 2",
					"SELECT count(*) FROM t a JOIN t b ON a.s = b.s WHERE a.g < b.g + 10",
				} {
					var result duckdb.Result
					if duckdb.Query(connection, query, &result) != duckdb.StateSuccess {
						check(fmt.Errorf("DuckDB: %s", duckdb.ResultError(&result)))
					}
					duckdb.DestroyResult(&result)
				}
			}
		})
	}
	workloads["librdkafka"] = func(until time.Time) {
		both(func() {
			producer, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "compression.codec": "lz4",
				"queue.buffering.max.messages": 1000000, "go.delivery.reports": false, "log_level": 0})
			check(err)
			defer producer.Close()
			topic := "orders"
			message := make([]byte, 500)
			for time.Now().Before(until) {
				for range 100 { // a full queue is no error
					_ = producer.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}, Value: message}, nil)
				}
			}
		})
	}
}
