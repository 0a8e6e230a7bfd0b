// main.c: dispatches to the command named by argv[1].
#include "commands.h"
#include "../merge/version.h"
#include "base/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: cmemprof COMMAND [OPTIONS]\n"
                            "\n"
                            "  run        run a program and profile its C memory\n"
                            "  receiver   accept profile uploads on this machine and show them on a page\n"
                            "  memory     print a breakdown of the resident memory of a running process\n"
                            "  top        print the largest entries of profiles\n"
                            "  tree       print functions with their callers and callees\n"
                            "  peek       print those of functions whose name matches\n"
                            "  list       print source lines of functions with their values\n"
                            "  disasm     print instructions of functions with their values\n"
                            "  owners     print C memory by the function of the program that owns it\n"
                            "  view       show profiles on a page\n"
                            "  report     write profiles as one page in a file\n"
                            "  diff       print the largest changes between two profiles\n"
                            "  merge      add up profiles\n"
                            "  delta      subtract cumulative profiles from their successors\n"
                            "  convert    make profiles of files of other tools, and files for other tools\n"
                            "  suspects   print what a receiver suspects: services that grow, since when, and why\n"
                            "  symbolize  add names to profiles of stripped programs\n"
                            "  mcp        answer questions of a language model's client about a receiver's profiles\n"
                            "  version    print the version\n"
                            "  help       print this text, or the help of a command\n"
                            "\n"
                            "cmemprof COMMAND --help lists its options. cmemprof -OPTION... FILE means cmemprof top -OPTION... FILE.\n";

static int error_extra_argument(const char *argument) {
    fprintf(stderr, "cmemprof: unexpected argument %s; cmemprof --help lists the commands\n", argument);
    return 2;
}

static int version_command(int argc, char **argv) {
    if (argc > 1) {
        return error_extra_argument(argv[1]);
    }
    puts("cmemprof " CMEMPROF_VERSION);
    return 0;
}

static int help_command(int argc, char **argv);

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"receiver", receiver_command}, {"run", run_command},
                {"top", top_command},           {"view", view_command},
                {"report", report_command},     {"diff", diff_command},
                {"merge", merge_command},       {"delta", delta_command},
                {"convert", convert_command},   {"symbolize", symbolize_command},
                {"memory", memory_command},     {"suspects", suspects_command},
                {"mcp", mcp_command},           {"owners", owners_command},
                {"tree", tree_command},         {"peek", peek_command},
                {"list", list_command},         {"disasm", disasm_command},
                {"version", version_command},   {"help", help_command}};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int error_unknown_command(const char *name) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    const char *meant = suggest(name, names, COMMAND_COUNT);
    if (meant) {
        fprintf(stderr, "cmemprof: unknown command %s; did you mean %s?\n", name, meant);
    } else if (access(name, R_OK) == 0) {
        fprintf(stderr, "cmemprof: %s is a file, not a command; cmemprof top %s prints a profile\n", name, name);
    } else {
        fprintf(stderr, "cmemprof: unknown command %s; cmemprof --help lists the commands\n", name);
    }
    return 2;
}

static int run(const char *name, int argc, char **argv) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc, argv);
        }
    }
    return error_unknown_command(name);
}

static int help_command(int argc, char **argv) {
    if (argc > 2) {
        return error_extra_argument(argv[2]);
    }
    bool own = argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "version") == 0;
    if (own) {
        fputs(usage, stdout);
        return 0;
    }
    char option[] = "--help", *arguments[] = {argv[1], option, NULL};
    return run(argv[1], 2, arguments);
}

int main(int argc, char **argv) {
    static const char *const helps[] = {"--help", "-help", "-h"}, *const versions[] = {"--version", "-version"};
    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
        if (strcmp(argv[1], helps[i]) == 0) {
            return help_command(argc - 1, argv + 1);
        }
    }
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        if (strcmp(argv[1], versions[i]) == 0) {
            return version_command(argc - 1, argv + 1);
        }
    }
    if (argv[1][0] == '-' && argv[1][1] != '\0') { // as with go tool pprof
        return top_command(argc, argv);
    }
    return run(argv[1], argc - 1, argv + 1);
}
