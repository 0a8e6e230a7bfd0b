//go:build libraries

package main

// #cgo LDFLAGS: -llmdb
// #include <lmdb.h>
// static int fill_lmdb(const char *folder, int count, size_t size) {
//     MDB_env *env;
//     MDB_txn *txn;
//     MDB_dbi db;
//     static char zeroes[4096];
//     int e = mdb_env_create(&env);
//     e = e ? e : mdb_env_set_mapsize(env, (size_t)1 << 30);
//     e = e ? e : mdb_env_open(env, folder, MDB_WRITEMAP | MDB_NOSYNC, 0600);
//     e = e ? e : mdb_txn_begin(env, 0, 0, &txn);
//     e = e ? e : mdb_dbi_open(txn, 0, 0, &db);
//     for (int i = 0; e == 0 && i < count; i++) {
//         MDB_val key = {sizeof i, &i}, value = {size, zeroes};
//         e = mdb_put(txn, db, &key, &value, 0);
//     }
//     return e ? e : mdb_txn_commit(txn);
// }
import "C"

import (
	"database/sql"
	"fmt"
	"image"
	"math/rand"
	"os"
	"unsafe"

	"github.com/chai2010/webp"
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	duckdb "github.com/duckdb/duckdb-go-bindings"
	_ "github.com/mattn/go-sqlite3"
)

func init() {
	causes["sqlite"] = func() {
		db, err := sql.Open("sqlite3", "file::memory:?cache=shared")
		check(err)
		_, err = db.Exec("CREATE TABLE t (a TEXT, b TEXT)")
		check(err)
		_, err = db.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) " +
			"INSERT INTO t SELECT hex(randomblob(50)), i FROM n")
		check(err)
	}
	causes["duckdb"] = func() {
		var db duckdb.Database
		var connection duckdb.Connection
		var result duckdb.Result
		if duckdb.Open("", &db) != duckdb.StateSuccess || duckdb.Connect(db, &connection) != duckdb.StateSuccess ||
			duckdb.Query(connection, "CREATE TABLE t AS SELECT i, 'a text of some length ' || hash(i) AS s FROM range(2000000) r(i)", &result) != duckdb.StateSuccess {
			check(fmt.Errorf("DuckDB: %s", duckdb.ResultError(&result)))
		}
	}
	causes["librdkafka"] = func() {
		producer, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": 1000000,
			"log_level": 0})
		check(err)
		topic := "orders"
		message := make([]byte, 500)
		for range 200000 { // nobody takes them
			check(producer.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny},
				Value: message}, nil))
		}
	}
	causes["webp"] = func() {
		picture := image.NewRGBA(image.Rect(0, 0, 4000, 3000))
		rand.New(rand.NewSource(1)).Read(picture.Pix[:len(picture.Pix)/4])
		for range 3 {
			encoded, err := webp.EncodeRGBA(picture, 80)
			check(err)
			kept = append(kept, encoded)
		}
	}
	causes["lmdb"] = func() {
		folder, err := os.MkdirTemp("", "memory_bench")
		check(err)
		defer os.RemoveAll(folder)
		path := append([]byte(folder), 0)
		if status := C.fill_lmdb((*C.char)(unsafe.Pointer(&path[0])), 200000, 500); status != 0 {
			check(fmt.Errorf("LMDB: %s", C.GoString(C.mdb_strerror(status))))
		}
	}
}
