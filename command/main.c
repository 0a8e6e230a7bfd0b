// main.c: the program cmemprof: finds the command and runs it.
#include "commands.h"
#include "../receiver/receiver.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: cmemprof COMMAND [OPTIONS]\n"
                            "\n"
                            "  run        run a program and profile its C memory\n"
                            "  receiver   take profile uploads on this machine and show them on a page\n"
                            "  top        print what weighs most in profiles, largest first\n"
                            "  diff       print what changed between two profiles\n"
                            "  merge      add up profiles\n"
                            "  delta      write what happened from one profile to the next\n"
                            "  symbolize  name the addresses of profiles of stripped programs\n"
                            "\n"
                            "cmemprof COMMAND --help tells about one. cmemprof --version prints the version.\n";

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"receiver", receiver_command},  {"run", run_command},     {"top", top_command},
                    {"diff", diff_command},          {"merge", merge_command}, {"delta", delta_command},
                    {"symbolize", symbolize_command}};
    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("cmemprof " RECEIVER_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "cmemprof: there is no command %s; cmemprof --help lists them\n", argv[1]);
    return 2;
}
