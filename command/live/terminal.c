// terminal.c: see terminal.h.
#include "terminal.h"
#include "../../base/file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
    struct termios before;
    volatile sig_atomic_t is_open, has_changed;
    bool has_exit_handler;
} terminal;

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

bool terminal_is_there(void) {
    const char *name = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && name && *name && strcmp(name, "dumb") != 0;
}

// Async-signal-safe, as are all of these. A terminal that is gone takes nothing.
static void put(const char *text, size_t size) {
    (void)!file_write(STDOUT_FILENO, text, size);
}

static bool enter(void) {
    static const char screen[] = "\033[?1049h\033[?25l"; // the second screen, without cursor
    struct termios raw = terminal.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) {
        return false;
    }
    put(screen, sizeof screen - 1);
    return true;
}

static void leave(void) {
    static const char screen[] = "\033[?25h\033[?1049l";
    put(screen, sizeof screen - 1);
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void on_end(int number) {
    int error = errno;
    terminal_close();
    signal(number, SIG_DFL);
    raise(number); // delivered when this returns
    errno = error;
}

static void on_stop(int number) {
    int error = errno;
    sigset_t stop;
    struct sigaction own;
    leave();
    sigaction(number, NULL, &own);
    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&stop);
    sigaddset(&stop, number);
    sigprocmask(SIG_UNBLOCK, &stop, NULL); // stops here, until SIGCONT
    sigaction(number, &own, NULL);
    tcgetattr(STDIN_FILENO, &terminal.before);
    enter();
    terminal.has_changed = 1;
    errno = error;
}

static void on_change(int number) {
    (void)number;
    terminal.has_changed = 1;
}

static void on(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler}; // without SA_RESTART: a wait for keys ends
    sigaction(number, &action, NULL);
}

bool terminal_open(void) {
    if (tcgetattr(STDIN_FILENO, &terminal.before) != 0) {
        return false;
    }
    if (!terminal.has_exit_handler && atexit(terminal_close) == 0) {
        terminal.has_exit_handler = true;
    }
    terminal.is_open = 1;
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        on(ending[i], on_end);
    }
    on(SIGTSTP, on_stop);
    on(SIGWINCH, on_change);
    if (!enter()) {
        int error = errno;
        terminal_close();
        errno = error;
        return false;
    }
    return true;
}

void terminal_close(void) {
    if (terminal.is_open) {
        terminal.is_open = 0;
        leave();
        for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
            signal(ending[i], SIG_DFL);
        }
        signal(SIGTSTP, SIG_DFL);
        signal(SIGWINCH, SIG_DFL);
    }
}

int terminal_key(int timeout_ms) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    // A change that comes before poll begins is seen at its end: at most a second later.
    int ready = terminal.has_changed ? 0 : poll(&input, 1, timeout_ms < 1000 ? timeout_ms : 1000);
    if (terminal.has_changed) {
        terminal.has_changed = 0;
        return TERMINAL_CHANGED;
    }
    if (ready <= 0) {
        return 0;
    }
    unsigned char key;
    ssize_t count = read(STDIN_FILENO, &key, 1);
    return count == 1 ? key : count < 0 && errno == EINTR ? 0 : TERMINAL_GONE;
}

void terminal_size(size_t *columns, size_t *lines) {
    struct winsize window;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0;
    *columns = known && window.ws_col > 0 ? window.ws_col : 80;
    *lines = known && window.ws_row > 0 ? window.ws_row : 24;
}

// Bytes of the first `columns` characters of a line.
static size_t cut(const char *line, size_t size, size_t columns) {
    size_t at = 0, seen = 0;
    for (; at < size; at++) {
        seen += ((unsigned char)line[at] & 0xC0) != 0x80;
        if (seen > columns) {
            break;
        }
    }
    return at;
}

void terminal_draw(const char *text) {
    size_t columns, lines, size = strlen(text), used = 0;
    char *out = malloc(size + 16 * (size + 1) + 32); // a line may be empty, and each gets a sequence
    if (!out) {
        return;
    }
    terminal_size(&columns, &lines);
    used += (size_t)sprintf(out, "\033[H");
    for (size_t line = 0; line < lines && *text; line++) {
        size_t length = strcspn(text, "\n"), shown = cut(text, length, columns);
        memcpy(out + used, text, shown);
        used += shown;
        used += (size_t)sprintf(out + used, "\033[K%s", line + 1 < lines && text[length] ? "\r\n" : "");
        text += length + (text[length] == '\n');
    }
    used += (size_t)sprintf(out + used, "\033[J");
    put(out, used);
    free(out);
}
