// progress_test.c: the line comes on a terminal alone, says what is read, gives way to messages, and is gone at the end.
#include "../../../base/test/test.h"

#include "../diagnostic.h"
#include "../progress.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct terminal {
    int master, slave;
    char seen[4096];
    size_t size;
};

static struct terminal open_terminal(unsigned short columns) {
    struct terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(terminal.master >= 0 && grantpt(terminal.master) == 0 && unlockpt(terminal.master) == 0);
    terminal.slave = open(ptsname(terminal.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal.slave >= 0);
    struct termios settings;
    assert_int_equal(tcgetattr(terminal.slave, &settings), 0);
    cfmakeraw(&settings);
    assert_int_equal(tcsetattr(terminal.slave, TCSANOW, &settings), 0);
    assert_int_equal(ioctl(terminal.slave, TIOCSWINSZ, &(struct winsize){.ws_col = columns}), 0);
    return terminal;
}

static void close_terminal(struct terminal *terminal) {
    close(terminal->master);
    close(terminal->slave);
}

// Reads until the text has been seen; a minute at most.
static void see(struct terminal *terminal, const char *text) {
    for (int tries = 0; !strstr(terminal->seen, text); tries++) {
        struct pollfd poll_of = {.fd = terminal->master, .events = POLLIN};
        assert_true(tries < 1000 && poll(&poll_of, 1, 60000) == 1);
        ssize_t size = read(terminal->master, terminal->seen + terminal->size, sizeof terminal->seen - terminal->size - 1);
        assert_true(size > 0);
        terminal->size += (size_t)size;
    }
}

static void end(const struct terminal *terminal) {
    assert_int_equal(write(terminal->slave, "end", 3), 3);
}

TEST(a_terminal) {
    struct terminal terminal = open_terminal(100);
    progress_begin("top", terminal.slave, 1);
    progress_file("a\033[2J.pprof", 2, 120);
    see(&terminal, "\r\033[Kcmemprof top: reading 3 of 120, a?[2J.pprof");
    progress_file("heap.pprof", 0, 1);
    see(&terminal, "cmemprof top: reading heap.pprof");
    progress_end();
    end(&terminal);
    see(&terminal, "heap.pprof\r\033[Kend");
    close_terminal(&terminal);
}

TEST(a_narrow_terminal) {
    struct terminal terminal = open_terminal(21);
    progress_begin("top", terminal.slave, 1);
    progress_file("heap.pprof", 0, 1);
    see(&terminal, "cmemprof top: readin");
    progress_end();
    end(&terminal);
    see(&terminal, "readin\r\033[Kend"); // 20 columns: the line does not wrap
    close_terminal(&terminal);
}

// What ends before the line is due writes nothing; one within another has the line of the outer one.
TEST(quick_and_nested) {
    struct terminal terminal = open_terminal(100);
    progress_begin("diff", terminal.slave, 3600 * 1000);
    progress_begin("diff", terminal.slave, 3600 * 1000);
    progress_file("heap.pprof", 0, 1);
    progress_end();
    progress_hide();
    progress_end();
    progress_end(); // one too many
    end(&terminal);
    see(&terminal, "end");
    assert_string_equal(terminal.seen, "end");
    close_terminal(&terminal);
}

TEST(a_file_has_no_line) {
    FILE *file = tmpfile();
    assert_non_null(file);
    progress_begin("top", fileno(file), 0);
    progress_file("heap.pprof", 0, 1);
    progress_hide();
    progress_end();
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

int main(void) {
    return tests_run();
}
