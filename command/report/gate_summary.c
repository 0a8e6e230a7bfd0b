// gate_summary.c: see gate_summary.h.
#include "gate_summary.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../base/xml.h"
#include "../../merge/version.h"
#include "../../receiver/base/json.h"
#include "../base/diagnostic.h"
#include "../base/output.h"
#include "../base/web_address.h"

enum { SENTENCE_BYTES = 1024 };

static size_t count_failed(const struct gate *gate) {
    size_t failed = 0;
    for (size_t i = 0; i < gate->count; i++) {
        failed += gate->results[i].verdict != GATE_PASSED;
    }
    return failed;
}

// ---- Markdown ----

// Inside of a table's cell: a bar would end it, and names may look like markup.
static void put_cell(const char *text, FILE *out) {
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text)) {
            fputc('\\', out);
        }
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
}

static void write_markdown(const char *command, const char *subject, const struct gate *gate, FILE *out) {
    size_t failed = count_failed(gate);
    fprintf(out, "### cmemprof %s: ", command);
    fprintf(out, failed > 0 ? "%zu of %zu limits not kept\n\n" : "all limits kept\n\n", failed, gate->count);
    put_cell(subject, out);
    fputs("\n\n| | limit | measured |\n|---|---|---|\n", out);
    for (size_t i = 0; i < gate->count; i++) {
        char sentence[SENTENCE_BYTES];
        gate_sentence(&gate->rules[i], &gate->results[i], sentence, sizeof sentence);
        fputs(gate->results[i].verdict == GATE_PASSED ? "| passed | " : "| **failed** | ", out);
        put_cell(gate->rules[i].text, out);
        fputs(" | ", out);
        put_cell(sentence, out);
        fputs(" |\n", out);
    }
}

// ---- JUnit ----

static void put_attribute(const char *name, const char *value, FILE *out) {
    fprintf(out, " %s=\"", name);
    xml_put(value, strlen(value), out);
    fputc('"', out);
}

static void write_junit(const char *command, const char *subject, const struct gate *gate, FILE *out) {
    char suite[32];
    snprintf(suite, sizeof suite, "cmemprof %s", command);
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" failures=\"%zu\">\n  <testsuite", gate->count,
            count_failed(gate));
    put_attribute("name", suite, out);
    fprintf(out, " tests=\"%zu\" failures=\"%zu\">\n", gate->count, count_failed(gate));
    for (size_t i = 0; i < gate->count; i++) {
        char sentence[SENTENCE_BYTES];
        gate_sentence(&gate->rules[i], &gate->results[i], sentence, sizeof sentence);
        fputs("    <testcase", out);
        put_attribute("classname", subject, out);
        put_attribute("name", gate->rules[i].text, out);
        if (gate->results[i].verdict == GATE_PASSED) {
            fputs(">\n      <system-out>", out);
            xml_put(sentence, strlen(sentence), out);
            fputs("</system-out>\n    </testcase>\n", out);
        } else {
            fputs(">\n      <failure", out);
            put_attribute("message", sentence, out);
            fputs("/>\n    </testcase>\n", out);
        }
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
}

// ---- SARIF ----

static void put_message(struct json *json, const char *key, const char *text) {
    json_key(json, key);
    json_object_begin(json);
    json_member_text(json, "text", text);
    json_object_end(json);
}

// A path below the working directory becomes relative, as services that show results beside the source want it; others a file URI. Bytes
// that a URI does not have are escaped.
static void put_uri(struct json *json, const char *path) {
    char folder[PATH_MAX], uri[3 * PATH_MAX + 16];
    size_t length = getcwd(folder, sizeof folder) ? strlen(folder) : 0;
    bool below = length > 1 && strncmp(path, folder, length) == 0 && path[length] == '/';
    snprintf(uri, sizeof uri, "%s", path[0] == '/' && !below ? "file://" : "");
    web_address_escape(uri, sizeof uri, below ? path + length + 1 : path, "/+@");
    json_member_text(json, "uri", uri);
}

// Without a source line: the subject, since GitHub takes no result without a location.
static void put_location(struct json *json, const char *subject, const struct gate_result *result) {
    bool has_file = result->verdict == GATE_FAILED && result->file[0] != '\0';
    json_key(json, "locations");
    json_array_begin(json);
    json_object_begin(json);
    json_key(json, "physicalLocation");
    json_object_begin(json);
    json_key(json, "artifactLocation");
    json_object_begin(json);
    put_uri(json, has_file ? result->file : subject);
    json_object_end(json);
    json_key(json, "region");
    json_object_begin(json);
    json_key(json, "startLine");
    json_number(json, has_file && result->line > 0 ? result->line : 1);
    json_object_end(json);
    json_object_end(json);
    json_object_end(json);
    json_array_end(json);
}

static void put_driver(struct json *json, const struct gate *gate) {
    json_key(json, "tool");
    json_object_begin(json);
    json_key(json, "driver");
    json_object_begin(json);
    json_member_text(json, "name", "cmemprof");
    json_member_text(json, "version", CMEMPROF_VERSION);
    json_key(json, "rules");
    json_array_begin(json);
    for (size_t i = 0; i < gate->count; i++) {
        json_object_begin(json);
        json_member_text(json, "id", gate->rules[i].text);
        put_message(json, "shortDescription", "A limit of memory or time, given by --fail-if");
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
    json_object_end(json);
}

static void write_sarif(const char *subject, const struct gate *gate, FILE *out) {
    struct json json = {0};
    json_object_begin(&json);
    json_member_text(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_member_text(&json, "version", "2.1.0");
    json_key(&json, "runs");
    json_array_begin(&json);
    json_object_begin(&json);
    put_driver(&json, gate);
    json_key(&json, "results");
    json_array_begin(&json);
    for (size_t i = 0; i < gate->count; i++) {
        if (gate->results[i].verdict != GATE_PASSED) {
            char sentence[SENTENCE_BYTES], text[2 * SENTENCE_BYTES];
            gate_sentence(&gate->rules[i], &gate->results[i], sentence, sizeof sentence);
            snprintf(text, sizeof text, "%.900s: %s: %s", subject, gate->rules[i].text, sentence);
            json_object_begin(&json);
            json_member_text(&json, "ruleId", gate->rules[i].text);
            json_key(&json, "ruleIndex");
            json_number(&json, (int64_t)i);
            json_member_text(&json, "level", "error");
            put_message(&json, "message", text);
            put_location(&json, subject, &gate->results[i]);
            json_object_end(&json);
        }
    }
    json_array_end(&json);
    json_object_end(&json);
    json_array_end(&json);
    json_object_end(&json);
    if (!json_failed(&json)) {
        fwrite(json.bytes, 1, json.size, out);
    }
    fputc('\n', out);
    json_free(&json);
}

// The file of a step's summary at GitHub, which several commands of the step share.
static bool is_of_step(const struct gate_summary *summary) {
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    return summary->format == GATE_MARKDOWN && path && *path && strcmp(path, summary->path) == 0;
}

static int write_bytes(const char *command, const struct gate_summary *summary, const void *bytes, size_t size) {
    return is_of_step(summary) ? output_append(command, summary->path, bytes, size) : output_write(command, summary->path, bytes, size);
}

int gate_summary_write(const char *command, const char *subject, const struct gate *gate, const struct gate_summary *summary) {
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    if (out && summary->format == GATE_MARKDOWN) {
        fputs(is_of_step(summary) ? "\n" : "", out); // a table before it ends here
        write_markdown(command, subject, gate, out);
    } else if (out && summary->format == GATE_JUNIT) {
        write_junit(command, subject, gate, out);
    } else if (out) {
        write_sarif(subject, gate, out);
    }
    bool ok = out && fclose(out) == 0;
    int status =
        ok ? write_bytes(command, summary, bytes, size) : diagnostic_error(command, summary->path, "out of memory for the summary");
    free(bytes);
    return status;
}
