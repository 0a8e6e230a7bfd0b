// http_seeds.c: writes one seed for each kind of request, and for each upload given a seed that sends it and asks about it.
//
// usage: http_seeds FOLDER BODY...: bodies of multipart requests, from real clients
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;
static unsigned count;

static FILE *begin(void) {
    char path[512];
    snprintf(path, sizeof path, "%s/%u", folder, count++);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

static const char *const questions[] = {
    "/",
    "/info",
    "/page.js",
    "/api/uploads?limit=2&sort=start&order=asc&text=service:*",
    "/api/facets?find=a",
    "/api/histogram?buckets=5",
    "/api/uploads/1",
    "/api/uploads/1/event",
    "/api/uploads/1/archive",
    "/api/uploads/1/attachments/cpu.pprof",
    "/api/uploads/1/attachments/cpu.pprof/types",
    "/api/uploads/1/attachments/main.jfr/jfr",
    "/api/uploads/1/attachments/main.jfr/events?limit=10",
    "/api/types",
    "/api/tree?from=now-1h&service=shop&focus=main",
    "/api/profile",
    "/api/diff?base.ids=1&mode=per_second",
    "/api/labels?type=cpu",
    "/api/metrics?processes=sum",
    "/api/analysis",
    "/api/annotations?service=shop&tag=a:b",
    "/api/views",
    "/api/nothing",
};

// Of what changes what is stored.
static const char *const changes[][3] = {
    {"PUT", "/api/uploads/1/pin", ""},
    {"PUT", "/api/uploads/1/note", "a note"},
    {"DELETE", "/api/uploads/1/note", ""},
    {"DELETE", "/api/uploads/1/pin", ""},
    {"DELETE", "/api/uploads/1", ""},
    {"POST", "/api/annotations",
     "{\"time\":1767322845000,\"text\":\"deploy\",\"service\":\"shop\",\"tags\":[\"a:b\"],\"link\":\"https://x\"}"},
    {"DELETE", "/api/annotations/1", ""},
    {"POST", "/api/views", "{\"name\":\"a\",\"address\":\"/profile?ids=1\"}"},
    {"DELETE", "/api/views/1", ""},
};

static void ask(FILE *file, const char *path, const char *headers) {
    fprintf(file, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
}

// The boundary is what the body begins with, behind two hyphens.
static void send(FILE *file, const char *body, size_t size) {
    size_t line = strcspn(body, "\r");
    fprintf(file, "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=%.*s\r\n",
            line > 2 ? (int)line - 2 : 0, body + 2);
    fprintf(file, "Content-Length: %zu\r\n\r\n", size);
    fwrite(body, 1, size, file);
}

static const char small[] =
    "--b\r\nContent-Disposition: form-data; name=\"event\"; filename=\"event.json\"\r\n\r\n"
    "{\"start\":\"2026-01-02T03:04:05Z\",\"end\":\"2026-01-02T03:05:05Z\",\"family\":\"go\",\"tags_profiler\":\"service:shop\"}\r\n"
    "--b\r\nContent-Disposition: form-data; name=\"metrics.json\"; filename=\"metrics.json\"\r\n\r\n"
    "[[\"c_live_bytes\",5],[\"other\",1.5]]\r\n--b--\r\n";
static const char old_form[] = "--b\r\nContent-Disposition: form-data; name=\"start\"\r\n\r\n2026-01-02T03:04:05Z\r\n"
                               "--b\r\nContent-Disposition: form-data; name=\"types[0]\"\r\n\r\ncpu\r\n"
                               "--b\r\nContent-Disposition: form-data; name=\"data[0]\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n";

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: http_seeds FOLDER BODY...\n");
        return 2;
    }
    folder = argv[1];
    enum { QUESTIONS = sizeof questions / sizeof *questions };
    for (size_t i = 0; i < QUESTIONS; i++) {
        FILE *file = begin();
        ask(file, questions[i], i % 2 ? "Accept-Encoding: gzip\r\nIf-None-Match: \"1\"\r\n" : "Sec-Fetch-Site: same-origin\r\n");
        fclose(file);
    }
    const char *const bodies[] = {small, old_form};
    for (size_t i = 0; i < 2; i++) {
        FILE *file = begin();
        send(file, bodies[i], strlen(bodies[i]));
        ask(file, "/api/metrics", "");
        ask(file, "/api/analysis", "");
        fclose(file);
    }
    FILE *changing = begin();
    send(changing, small, strlen(small));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        fprintf(changing, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", changes[i][0], changes[i][1],
                strlen(changes[i][2]), changes[i][2]);
        ask(changing, "/api/uploads?pinned=1", "");
    }
    fclose(changing);
    static const char *const messages[] = {"/api/facets?service=shop&values=3",
                                           "/api/tree?service=sh%6fp&attachment=metrics.json",
                                           "/api/diff?attachment=a&base.ids=1+2",
                                           "/api/analysis?last=%",
                                           "/api/uploads",
                                           ""};
    FILE *asking = begin();
    send(asking, small, strlen(small));
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        fprintf(asking,
                "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nMcp-Name: a\r\nContent-Length: %zu\r\n\r\n%s",
                strlen(messages[i]), messages[i]);
    }
    fclose(asking);
    FILE *import = begin();
    fprintf(import,
            "POST /api/import?service=shop&name=heap.pprof&tag=a:b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\n\x0a\x02\x08\x01\r\n0\r\n\r\n");
    fclose(import);
    for (int i = 2; i < argc; i++) {
        static char body[1 << 20];
        FILE *in = fopen(argv[i], "rb");
        size_t size = in ? fread(body, 1, sizeof body - 1, in) : 0;
        if (!in || size == 0) {
            perror(argv[i]);
            return 1;
        }
        fclose(in);
        body[size] = '\0';
        FILE *file = begin();
        send(file, body, size);
        for (size_t question = 0; question < QUESTIONS; question++) {
            ask(file, questions[question], "");
        }
        fclose(file);
    }
    return 0;
}
