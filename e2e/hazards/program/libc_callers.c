// libc_callers.c: allocations inside libc: names, files, lines, patterns, locales, and character sets, which it loads with dlopen. The
// output must be the same with and without cmemprof, twice in a row.

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "hazard.h"

static void names(void) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo("localhost", "80", &hints, &found);
    printf("getaddrinfo: %s\n", error == 0 ? "found" : gai_strerror(error));
    if (error == 0) {
        char host[256];
        CHECK(getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) == 0, "getnameinfo");
        printf("%s\n", host);
        freeaddrinfo(found);
    }
    struct passwd *user = getpwuid(0);
    printf("user 0: %s\n", user ? user->pw_name : "nobody");
}

static int by_value(const void *left, const void *right) {
    return *(const int *)left - *(const int *)right;
}

static void texts(void) {
    char *copy = strdup("a copy"), *part = strndup("a part of it", 6), *made = NULL, *memory = NULL;
    wchar_t *wide = wcsdup(L"wide");
    CHECK(asprintf(&made, "%s, %s, %ls, %*d, %.400f", copy, part, wide, 3000, 7, 1e300) > 3000, "asprintf");
    size_t size = 0;
    FILE *stream = open_memstream(&memory, &size);
    for (int i = 0; i < 1000; i++) {
        fprintf(stream, "%d ", i);
    }
    fclose(stream);
    printf("%zu %zu %s\n", strlen(made), size, memory + size - 9);
    static int values[300000]; // qsort sorts this much in a block of its own
    for (int i = 0; i < 300000; i++) {
        values[i] = (int)((unsigned)i * 2654435761u >> 8);
    }
    qsort(values, 300000, sizeof *values, by_value);
    CHECK(values[0] <= values[1] && values[1000] <= values[299999], "qsort");
    free(copy);
    free(part);
    free(wide);
    free(made);
    free(memory);
}

static void files(void) {
    FILE *file = fopen("/etc/passwd", "r");
    CHECK(file, "fopen");
    char *line = NULL;
    size_t capacity = 0, lines = 0, longest = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) > 0; lines++) {
        longest = (size_t)length > longest ? (size_t)length : longest;
    }
    free(line);
    fclose(file);
    struct dirent **entries;
    int count = scandir("/etc", &entries, NULL, alphasort);
    CHECK(count > 2, "scandir");
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    glob_t matches;
    CHECK(glob("/etc/pass*", 0, NULL, &matches) == 0, "glob");
    char *real = realpath("/proc/../etc/./passwd", NULL), *here = getcwd(NULL, 0);
    CHECK(here, "getcwd");
    printf("%zu lines, longest %zu, %d entries, %s, %s\n", lines, longest, count, matches.gl_pathv[0], real);
    globfree(&matches);
    free(real);
    free(here);
}

static void patterns(void) {
    regex_t pattern;
    regmatch_t match[3];
    CHECK(regcomp(&pattern, "([a-z]+)[0-9]{2,40}(x|y|z)*$", REG_EXTENDED) == 0, "regcomp");
    CHECK(regexec(&pattern, "--abc1234xyzzy", 3, match, 0) == 0, "regexec");
    printf("match %d to %d, fnmatch %d\n", (int)match[1].rm_so, (int)match[0].rm_eo, fnmatch("*.[ch]", "hazard.c", 0));
    regfree(&pattern);
    void *tree = NULL;
    static int keys[100];
    for (int i = 0; i < 100; i++) {
        keys[i] = i * 37 % 100;
        CHECK(tsearch(&keys[i], &tree, by_value), "tsearch");
    }
    for (int i = 0; i < 100; i++) {
        CHECK(tdelete(&keys[i], &tree, by_value), "tdelete");
    }
}

// EUC-JP, ISO-2022-KR and UTF-16 are modules that iconv_open loads and iconv_close unloads.
static void character_sets(void) {
    static const char *const sets[] = {"EUC-JP", "UTF-16LE", "ISO-2022-KR", "ISO-8859-15"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        iconv_t converter = iconv_open(sets[i], "UTF-8");
        if (converter == (iconv_t)-1) {
            printf("%s: not here\n", sets[i]);
            continue;
        }
        char text[] = "plain", out[64], *from = text, *to = out;
        size_t left = sizeof text - 1, out_left = sizeof out;
        CHECK(iconv(converter, &from, &left, &to, &out_left) != (size_t)-1, "iconv to %s", sets[i]);
        CHECK(iconv_close(converter) == 0, "iconv_close");
        printf("%s: %zu bytes\n", sets[i], sizeof out - out_left);
    }
    char *was = strdup(setlocale(LC_ALL, NULL));
    const char *now = setlocale(LC_ALL, "C.UTF-8");
    printf("locale %s, %s\n", now ? now : "-", nl_langinfo(CODESET));
    locale_t other = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
    if (other) {
        locale_t copy = duplocale(other);
        freelocale(copy);
        freelocale(other);
    }
    setlocale(LC_ALL, was);
    free(was);
    struct tm fixed = {.tm_year = 100, .tm_mday = 1};
    char date[64];
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    CHECK(strftime(date, sizeof date, "%c %Z", &fixed) > 0, "strftime");
    printf("%s\n", date);
    unsetenv("TZ");
    tzset();
}

static void *everything(void *context) {
    names();
    texts();
    files();
    patterns();
    character_sets();
    return context;
}

int main(void) {
    hazard_start();
    everything(NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, everything, NULL) == 0, "thread");
    pthread_join(thread, NULL);
    return hazard_finish();
}
