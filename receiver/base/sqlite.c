// sqlite.c: see sqlite.h.
#include "sqlite.h"

#include <stddef.h>

#include "failure.h"

bool sqlite_run(sqlite3 *database, const char *sql) {
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool sqlite_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **statement) {
    return sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK;
}

int64_t sqlite_number(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    int64_t number = statement && sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return number;
}

enum receiver_error sqlite_error(sqlite3 *database) {
    switch (sqlite3_errcode(database)) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RECEIVER_OK;
    case SQLITE_NOMEM:
        return RECEIVER_NO_MEMORY;
    case SQLITE_FULL:
        return RECEIVER_DISK_FULL;
    case SQLITE_IOERR:
        // SQLite reports a quota or file size limit as an I/O error; the system's errno has the cause.
        return receiver_error_from_errno(sqlite3_system_errno(database));
    case SQLITE_READONLY:
        return RECEIVER_READ_ONLY;
    case SQLITE_BUSY: // for longer than its timeout
        return RECEIVER_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RECEIVER_DAMAGED;
    default:
        return RECEIVER_IO;
    }
}
