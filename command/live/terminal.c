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
    volatile sig_atomic_t is_open, is_in, has_changed; // is_in: modes and screen are this program's, not those of before
    bool has_exit_handler;
} terminal;

// All that end a process. One that does not have its default action is left alone: it is ignored (nohup), or somebody else's.
static const int ending[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
                             SIGPIPE, SIGABRT, SIGBUS, SIGSEGV, SIGILL,  SIGFPE,  SIGTRAP, SIGXCPU,   SIGXFSZ};
enum { ENDING = sizeof ending / sizeof *ending };

bool terminal_is_there(void) {
    const char *name = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && name && *name && strcmp(name, "dumb") != 0;
}

// ---- Entering and leaving: async-signal-safe ----

enum { ROOM_WAIT_MS = 3000 };

// A byte that the terminal has room for does not block.
static bool has_room(void) {
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int ready;
    do {
        ready = poll(&output, 1, ROOM_WAIT_MS);
    } while (ready < 0 && errno == EINTR);
    return ready == 1 && (output.revents & POLLOUT);
}

// A terminal that is slow gets all; one whose output is stopped (Ctrl-S) or that is gone, nothing more.
static void put_soon(const char *text) {
    while (*text && has_room() && write(STDOUT_FILENO, text, 1) == 1) {
        text++;
    }
}

// In the background the terminal's modes are the shell's.
static bool is_in_foreground(void) {
    pid_t group = tcgetpgrp(STDIN_FILENO);
    return group < 0 || group == getpgrp();
}

static bool enter(void) {
    struct termios raw = terminal.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    terminal.is_in = 1;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) {
        return false;
    }
    put_soon("\033[?1049h\033[?25l"); // the second screen, without cursor
    return true;
}

// The signals that may end or stop the process are blocked, as is SIGTTOU. First the modes: they never wait for output.
static void leave(void) {
    if (terminal.is_in) {
        if (is_in_foreground()) {
            tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
        }
        put_soon("\033[?25h\033[?1049l");
        terminal.is_in = 0;
    }
}

// ---- Signals ----

static void all_signals(sigset_t *set) {
    sigemptyset(set);
    for (size_t i = 0; i < ENDING; i++) {
        sigaddset(set, ending[i]);
    }
    sigaddset(set, SIGTSTP);
    sigaddset(set, SIGTTOU);
}

static void on_end(int number) {
    int error = errno;
    terminal_close();
    raise(number); // delivered when this returns
    errno = error;
}

static void on_stop(int number) {
    int error = errno;
    struct sigaction own;
    sigset_t signals;
    leave();
    sigaction(number, NULL, &own);
    signal(number, SIG_DFL);
    raise(number);
    all_signals(&signals);
    sigprocmask(SIG_UNBLOCK, &signals, NULL); // stops here, until SIGCONT
    sigaction(number, &own, NULL);
    for (int i = 0; i < 1000 && !is_in_foreground(); i++) { // `bg`
        raise(SIGTTOU);
    }
    tcgetattr(STDIN_FILENO, &terminal.before);
    enter();
    terminal.has_changed = 1;
    errno = error;
}

static void on_change(int number) {
    (void)number;
    terminal.has_changed = 1;
}

// The handler; NULL: takes it away. Without SA_RESTART: a wait for keys ends.
static void on(int number, void (*handler)(int)) {
    static void (*const own[])(int) = {on_end, on_stop, on_change};
    struct sigaction action = {.sa_handler = handler ? handler : SIG_DFL}, before;
    all_signals(&action.sa_mask);
    bool is_free = sigaction(number, NULL, &before) == 0 && !(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_DFL;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        is_free |= before.sa_handler == own[i];
    }
    if (is_free) {
        sigaction(number, &action, NULL);
    }
}

bool terminal_open(void) {
    if (tcgetattr(STDIN_FILENO, &terminal.before) != 0) {
        return false;
    }
    if (!terminal.has_exit_handler && atexit(terminal_close) == 0) {
        terminal.has_exit_handler = true;
    }
    terminal.is_open = 1;
    for (size_t i = 0; i < ENDING; i++) {
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

// A signal in the middle has its default action at the end, when all is done.
void terminal_close(void) {
    sigset_t signals, before;
    all_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    if (terminal.is_open) {
        leave();
        for (size_t i = 0; i < ENDING; i++) {
            on(ending[i], NULL);
        }
        on(SIGTSTP, NULL);
        on(SIGWINCH, NULL);
        terminal.is_open = 0;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
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
    (void)!file_write(STDOUT_FILENO, out, used); // a terminal that is gone takes nothing
    free(out);
}
