// sqlite.h: what all of the receiver's databases ask of SQLite.
//
// Threads: those of the connection. Memory: SQLite's.
#ifndef CMEMPROF_RECEIVER_SQLITE_H
#define CMEMPROF_RECEIVER_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

// Runs statements that have no rows, or whose rows are of no interest.
bool sqlite_run(sqlite3 *database, const char *sql);
// For a statement that is kept.
bool sqlite_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement);
// The first column of the first row. -1: an error, or no row.
int64_t sqlite_number(sqlite3 *database, const char *sql);
// Of the last call; RECEIVER_OK if it was none. RECEIVER_DAMAGED: it is no database, or one that has been changed by others.
enum receiver_error sqlite_error(sqlite3 *database);

#endif
