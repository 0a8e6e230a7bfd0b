// mcp_command.c: `cmemprof mcp`: answers questions of a language model's client about the profiles of a receiver, on standard input and
// output (mcp/mcp_protocol.h).
#include "commands.h"
#include "base/diagnostic.h"
#include "base/options.h"
#include "base/web_address.h"
#include "mcp/mcp_protocol.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: cmemprof mcp [OPTIONS] [URL]\n"
    "\n"
    "A server of the Model Context Protocol on standard input and output, for assistants and editors: lists services, tops, differences,\n"
    "growth, findings, owners of C memory, source lines and exports of the profiles that the receiver at URL has\n"
    "(default http://127.0.0.1:8126). It only reads.\n"
    "\n"
    "      --token-file FILE  the receiver's token for reading (default: $CMEMPROF_TOKEN)\n"
    "  -h, --help             this text\n";

enum { TOKEN_BYTES = 512 };

struct arguments {
    char url[1024], authorization[TOKEN_BYTES + 32];
    const char *token_file;
};

// Returns false after an error message.
static bool read_token(const char *path, char token[TOKEN_BYTES]) {
    FILE *file = fopen(path, "re");
    bool read = file && fgets(token, TOKEN_BYTES, file);
    if (!read) {
        diagnostic_error("mcp", path, "%s", file && !ferror(file) ? "is empty" : strerror(errno));
    } else if (!strchr(token, '\n') && !feof(file)) {
        diagnostic_error("mcp", path, "the token is longer than %d bytes", TOKEN_BYTES - 2);
        read = false;
    } else {
        token[strcspn(token, "\r\n")] = '\0';
    }
    if (file) {
        fclose(file);
    }
    return read;
}

static int set_token(struct arguments *arguments) {
    const char *given = getenv("CMEMPROF_TOKEN");
    char token[TOKEN_BYTES] = "";
    if (arguments->token_file && !read_token(arguments->token_file, token)) {
        return STATUS_FAILED;
    }
    if (!arguments->token_file && given) {
        if (strlen(given) >= sizeof token || strpbrk(given, "\r\n")) {
            return diagnostic_usage("mcp", "CMEMPROF_TOKEN is no token: one line of at most %d bytes", TOKEN_BYTES - 2);
        }
        strcpy(token, given);
    }
    if (token[0] != '\0') {
        snprintf(arguments->authorization, sizeof arguments->authorization, "Authorization: Bearer %s", token);
    }
    return STATUS_DONE;
}

static int set_url(struct arguments *arguments, const char *url) {
    size_t length = strlen(url);
    if (!web_address_is(url) || length >= sizeof arguments->url || strpbrk(url, "?#")) {
        char shown[WEB_ADDRESS_SHOWN_BYTES];
        return diagnostic_usage("mcp", "the receiver's address is http://HOST:PORT or https://HOST:PORT, not %s",
                                web_address_shown(url, shown));
    }
    strcpy(arguments->url, url);
    while (length > 0 && arguments->url[length - 1] == '/') {
        arguments->url[--length] = '\0';
    }
    return STATUS_DONE;
}

// Returns -1 to continue, or the exit status.
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option known[] = {
        {"token-file", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {"h", no_argument, NULL, 'h'}, {0}};
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long_only(argc, argv, ":", known, NULL)) != -1;) {
        if (option == 'h') {
            fputs(usage, stdout);
            return STATUS_DONE;
        }
        if (option != 't') {
            return options_error("mcp", option, argv);
        }
        arguments->token_file = optarg;
    }
    if (argc - optind > 1) {
        return diagnostic_usage("mcp", "one receiver at most, not %s as well", argv[optind + 1]);
    }
    int status = set_url(arguments, optind < argc ? argv[optind] : "http://127.0.0.1:8126");
    status = status == STATUS_DONE ? set_token(arguments) : status;
    return status == STATUS_DONE ? -1 : status;
}

// Reads a line of any length; what is longer than a message may be is passed over. Returns its length, or -1 at the end.
static ssize_t read_line(char *line) {
    size_t length = 0;
    int c;
    while ((c = getc(stdin)) != EOF && c != '\n') {
        if (length < MCP_MESSAGE_BYTES) {
            line[length] = (char)(c != '\0' ? c : 1); // NUL is no JSON, and must not end it early
        }
        length++;
    }
    line[length < MCP_MESSAGE_BYTES ? length : 0] = '\0'; // too long: not JSON
    return c == EOF && length == 0 ? -1 : (ssize_t)length;
}

static int serve(struct json_query *query, const struct receiver_address *receiver) {
    char *line = malloc(MCP_MESSAGE_BYTES + 1);
    int status = line ? STATUS_DONE : diagnostic_error("mcp", NULL, "out of memory");
    for (ssize_t length; status == STATUS_DONE && (length = read_line(line)) >= 0;) {
        bool is_blank = length < MCP_MESSAGE_BYTES && line[strspn(line, " \t\r")] == '\0';
        char *answer = is_blank ? NULL : mcp_answer(query, receiver, line);
        if (answer && (puts(answer) == EOF || fflush(stdout) != 0)) {
            status = diagnostic_error("mcp", "standard output", "%s", strerror(errno));
        }
        free(answer);
    }
    free(line);
    return status;
}

int mcp_command(int argc, char **argv) {
    struct arguments arguments = {0};
    int status = parse(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    struct json_query *query = json_query_open();
    struct receiver_address receiver = {.url = arguments.url,
                                        .authorization = arguments.authorization[0] != '\0' ? arguments.authorization : NULL};
    status = query ? serve(query, &receiver) : diagnostic_error("mcp", NULL, "out of memory");
    json_query_close(query);
    return status;
}
