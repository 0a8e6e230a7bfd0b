// backup_command.c: writes and reads backups (backup_command.h).
#include "backup_command.h"
#include "../../receiver/store/backup.h"
#include "../base/text.h"
#include "receiver_options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char export_usage[] =
    "usage: cmemprof receiver export [--data DIR] FILE\n"
    "\n"
    "Writes all uploads of a data directory as they came, with pins, notes, annotations and views, as one tar file, also while a receiver "
    "runs\n"
    "there. A FILE that exists is not replaced; in a folder it gets a name with the time; - is standard output.\n"
    "\n"
    "  --data DIR   the directory for uploads (default $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof)\n";
static const char import_usage[] =
    "usage: cmemprof receiver import [--data DIR] FILE\n"
    "\n"
    "Puts the uploads of a file that export has written into a data directory that no receiver uses; - is standard input.\n"
    "What is there already stays as it is. The next start of the receiver finds them, and removes what is beyond its --retention.\n"
    "\n"
    "  --data DIR   the directory for uploads (default $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof); made if missing\n";

bool backup_is_word(const char *word) {
    return strcmp(word, "export") == 0 || strcmp(word, "import") == 0;
}

struct backup_arguments {
    bool exports;
    const char *data, *file;
};

static void say(void *context, const char *text) {
    const struct backup_arguments *arguments = context;
    fprintf(stderr, "cmemprof receiver %s: ", arguments->exports ? "export" : "import");
    text_put(text, stderr); // there may be paths of a tar file in it
    fputc('\n', stderr);
}

static void say_of(const struct backup_arguments *arguments, const char *path, const char *what) {
    char text[600];
    snprintf(text, sizeof text, "%.400s: %s", path, what);
    say((void *)arguments, text);
}

// Returns 0 to continue, or the exit status plus one.
static int parse(int argc, char **argv, struct backup_arguments *arguments) {
    static const struct option options[] = {{"data", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    arguments->exports = strcmp(argv[0], "export") == 0;
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (option == 'd' && *optarg) {
            arguments->data = optarg;
        } else if (option == 'h') {
            fputs(arguments->exports ? export_usage : import_usage, stdout);
            return 1;
        } else {
            say_of(arguments, option == 'd' ? "--data" : argv[optind - 1],
                   option == '?' ? "unknown option; --help lists them" : "needs a value");
            return 3;
        }
    }
    if (argc - optind != 1) {
        say(arguments, argc == optind ? "name a file; - is standard input or output" : "one file at a time");
        return 3;
    }
    arguments->file = argv[optind];
    return 0;
}

static void print_done(const struct backup_arguments *arguments, const struct backup *backup) {
    FILE *out = stderr; // standard output may be the file
    fprintf(out,
            "cmemprof receiver %s: %" PRIu64 " uploads, %" PRIu64 " bytes, %" PRIu64 " pins and notes, %" PRIu64 " annotations, %" PRIu64
            " views",
            arguments->exports ? "export" : "import", backup->uploads, backup->bytes, backup->marks, backup->annotations, backup->views);
    if (backup->there > 0) {
        fprintf(out, "; %" PRIu64 " uploads were there already", backup->there);
    }
    if (backup->gone > 0) {
        fprintf(out, "; %" PRIu64 " were removed meanwhile", backup->gone);
    }
    if (backup->skipped > 0) {
        fprintf(out, "; %" PRIu64 " left out, as said", backup->skipped);
    }
    fputc('\n', out);
}

static int finish(const struct backup_arguments *arguments, const struct backup *backup, enum receiver_error error, const char *text) {
    if (error != RECEIVER_OK) {
        say_of(arguments, arguments->file, text);
    }
    print_done(arguments, backup);
    return error != RECEIVER_OK || backup->skipped > 0 ? 1 : 0;
}

// ---- Export ----

// The file's own path, or that of a new file in a folder. The caller frees it.
static char *path_of(const struct backup_arguments *arguments) {
    struct stat about;
    char *path = NULL;
    if (stat(arguments->file, &about) == 0 && S_ISDIR(about.st_mode)) {
        char name[60];
        time_t now = time(NULL);
        struct tm utc;
        gmtime_r(&now, &utc);
        strftime(name, sizeof name, "cmemprof-%Y%m%dT%H%M%SZ.tar", &utc);
        return asprintf(&path, "%s/%s", arguments->file, name) < 0 ? NULL : path;
    }
    return strdup(arguments->file);
}

// The file while it is not whole. One that a kill has left is begun anew; one that is locked is being written. -1: it is said why.
static int open_part(const struct backup_arguments *arguments, const char *part) {
    struct stat opened, there;
    int out = open(part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600); // not truncated before it is locked
    if (out < 0) {
        say_of(arguments, part, strerror(errno));
        return -1;
    }
    const char *why = fstat(out, &opened) != 0                                     ? strerror(errno)
                      : !S_ISREG(opened.st_mode)                                   ? "it exists, and is no file"
                      : opened.st_uid != geteuid()                                 ? "it belongs to another user"
                      : flock(out, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK ? "another export is writing it"
                      : lstat(part, &there) != 0 || there.st_ino != opened.st_ino || there.st_dev != opened.st_dev
                          ? "another export has just written it"
                      : ftruncate(out, 0) != 0 || fchmod(out, 0600) != 0 ? strerror(errno)
                                                                         : NULL;
    if (why) {
        say_of(arguments, part, why);
        close(out);
        return -1;
    }
    return out;
}

// Never replaces what is there. Not all file systems can do that in one step; then another program may come in between.
static int rename_new(const char *from, const char *to) {
    struct stat about;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) {
        return -1;
    }
    if (link(from, to) == 0) {
        return unlink(from);
    }
    if (errno == EEXIST) {
        return -1;
    }
    if (lstat(to, &about) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

// The name too outlives a power cut.
static int sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int file = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int status = file >= 0 ? fsync(file) : -1;
    if (status != 0 && (errno == EINVAL || errno == EACCES)) { // a file system without it, or a folder that may be written alone
        status = 0;
    }
    if (file >= 0) {
        close(file);
    }
    free(folder);
    return status;
}

// Under another name until it is whole.
static int export_to(struct backup_arguments *arguments, const char *path, struct backup *backup) {
    char *part = NULL, text[400] = "";
    struct stat about;
    if (lstat(path, &about) == 0) {
        say_of(arguments, path, "it exists, and is not replaced");
        return 1;
    }
    if (asprintf(&part, "%s.part", path) < 0) {
        return 1;
    }
    int out = open_part(arguments, part);
    if (out < 0) {
        free(part);
        return 1;
    }
    enum receiver_error error = backup_export(arguments->data, out, backup, text, sizeof text);
    bool renamed = error == RECEIVER_OK && fsync(out) == 0 && rename_new(part, path) == 0;
    if (error == RECEIVER_OK && (!renamed || sync_folder(path) != 0)) {
        snprintf(text, sizeof text, "%s", strerror(errno));
        error = RECEIVER_IO;
    }
    if (!renamed) {
        unlink(part);
    }
    close(out); // with its lock: up to here, the name is this export's
    free(part);
    return finish(arguments, backup, error, text);
}

static int export_all(struct backup_arguments *arguments) {
    struct backup backup = {.say = say, .context = arguments};
    if (strcmp(arguments->file, "-") == 0) {
        char text[400] = "";
        if (isatty(STDOUT_FILENO)) {
            say(arguments, "a tar file is nothing for a terminal: name a file, or pipe it");
            return 2;
        }
        enum receiver_error error = backup_export(arguments->data, STDOUT_FILENO, &backup, text, sizeof text);
        return finish(arguments, &backup, error, text);
    }
    char *path = path_of(arguments);
    int status = path ? export_to(arguments, path, &backup) : 1;
    if (path && status == 0) {
        puts(path);
    }
    free(path);
    return status;
}

// ---- Import ----

static int import_all(struct backup_arguments *arguments) {
    struct backup backup = {.say = say, .context = arguments};
    char text[400] = "";
    int in = strcmp(arguments->file, "-") == 0 ? STDIN_FILENO : open(arguments->file, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        say_of(arguments, arguments->file, strerror(errno));
        return 1;
    }
    enum receiver_error error = backup_import(arguments->data, in, &backup, text, sizeof text);
    if (in != STDIN_FILENO) {
        close(in);
    }
    return finish(arguments, &backup, error, text);
}

int backup_command(int argc, char **argv) {
    struct backup_arguments arguments = {0};
    int done = parse(argc, argv, &arguments);
    if (done) {
        return done - 1;
    }
    char *directory = arguments.data ? NULL : receiver_default_directory();
    if (!arguments.data && !directory) {
        say(&arguments, "HOME is not set; name a directory for uploads with --data");
        return 2;
    }
    arguments.data = arguments.data ? arguments.data : directory;
    signal(SIGPIPE, SIG_IGN);
    int status = arguments.exports ? export_all(&arguments) : import_all(&arguments);
    free(directory);
    return status;
}
