// sqlite_test.c: statements, numbers and causes of failure of a real database.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../sqlite.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[FOLDER_BYTES];
static char path[FOLDER_BYTES + 16];
static sqlite3 *database;

static int database_setup(void **state) {
    (void)state;
    int status = folder_make(folder);
    snprintf(path, sizeof path, "%s/d.sqlite", folder);
    return status != 0 || sqlite3_open(path, &database) != SQLITE_OK ||
           !sqlite_run(database, "CREATE TABLE t(a INTEGER, b BLOB); INSERT INTO t VALUES(7, 'x'), (8, 'y')");
}

static int database_teardown(void **state) {
    (void)state;
    sqlite3_close(database);
    unlink(path);
    return rmdir(folder);
}

TEST_IN(database, numbers) {
    assert_int_equal(sqlite_number(database, "SELECT a FROM t ORDER BY a DESC"), 8);
    assert_int_equal(sqlite_number(database, "SELECT a FROM t WHERE a = 9"), -1);
    assert_int_equal(sqlite_error(database), RECEIVER_OK); // no row is no failure
    assert_int_equal(sqlite_number(database, "SELECT nothing FROM t"), -1);
    assert_int_equal(sqlite_error(database), RECEIVER_IO);
    sqlite3_stmt *statement = NULL;
    assert_true(sqlite_prepare(database, "SELECT a FROM t", &statement));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite_error(database), RECEIVER_OK);
    sqlite3_finalize(statement);
    assert_false(sqlite_prepare(database, "SELECT", &statement));
}

TEST_IN(database, a_lock) {
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_true(sqlite_run(other, "BEGIN EXCLUSIVE"));
    assert_false(sqlite_run(database, "INSERT INTO t VALUES(1, NULL)"));
    assert_int_equal(sqlite_error(database), RECEIVER_BUSY);
    sqlite3_close(other);
    assert_true(sqlite_run(database, "INSERT INTO t VALUES(1, NULL)"));
}

TEST_IN(database, a_full_disk) {
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 8192;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    assert_false(sqlite_run(database, "INSERT INTO t VALUES(1, zeroblob(100000))"));
    assert_int_equal(sqlite_error(database), RECEIVER_DISK_FULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_true(sqlite_run(database, "PRAGMA max_page_count=3"));
    assert_false(sqlite_run(database, "INSERT INTO t VALUES(1, zeroblob(100000))"));
    assert_int_equal(sqlite_error(database), RECEIVER_DISK_FULL);
}

TEST_IN(database, damage) {
    sqlite3_close(database);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++) {
        fputc('z', file);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite_number(database, "SELECT a FROM t"), -1);
    assert_int_equal(sqlite_error(database), RECEIVER_DAMAGED);
}

TEST_IN(database, read_only) {
    sqlite3 *reader = NULL;
    assert_int_equal(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_false(sqlite_run(reader, "DELETE FROM t"));
    assert_int_equal(sqlite_error(reader), RECEIVER_READ_ONLY);
    sqlite3_close(reader);
}

int main(void) {
    return tests_run();
}
