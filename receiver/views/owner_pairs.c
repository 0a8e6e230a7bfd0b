// owner_pairs.c: functions that open and close (owner_pairs.h).
#include "owner_pairs.h"
#include "../../base/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const built_in[][2] = {
    // cgo
    {"C.CString", "C.free"},
    {"C.CBytes", "C.free"},
    {"C.malloc", "C.free"},
    // SQLite
    {"sqlite3_prepare*", "sqlite3_finalize"},
    {"sqlite3_open*", "sqlite3_close_v2"},
    {"sqlite3_blob_open", "sqlite3_blob_close"},
    {"sqlite3_backup_init", "sqlite3_backup_finish"},
    {"sqlite3_value_dup", "sqlite3_value_free"},
    {"sqlite3session_create", "sqlite3session_delete"},
    // Other stores
    {"rocksdb_open*", "rocksdb_close"},
    {"rocksdb_create_iterator*", "rocksdb_iter_destroy"},
    {"rocksdb_*_create*", "rocksdb_*_destroy"},
    {"leveldb_open", "leveldb_close"},
    {"leveldb_create_iterator", "leveldb_iter_destroy"},
    {"leveldb_*_create*", "leveldb_*_destroy"},
    {"duckdb_open*", "duckdb_close"},
    {"duckdb_connect", "duckdb_disconnect"},
    {"duckdb_prepare", "duckdb_destroy_prepare"},
    {"duckdb_query", "duckdb_destroy_result"},
    {"mdb_env_create", "mdb_env_close"},
    {"PQconnect*", "PQfinish"},
    {"PQexec*", "PQclear"},
    {"mysql_init", "mysql_close"},
    {"mysql_store_result", "mysql_free_result"},
    // librdkafka
    {"rd_kafka_new", "rd_kafka_destroy"},
    {"rd_kafka_*_new*", "rd_kafka_*_destroy"},
    {"rd_kafka_conf_dup", "rd_kafka_conf_destroy"},
    // Codecs
    {"ZSTD_createCCtx*", "ZSTD_freeCCtx"},
    {"ZSTD_createDCtx*", "ZSTD_freeDCtx"},
    {"ZSTD_createCStream*", "ZSTD_freeCStream"},
    {"ZSTD_createDStream*", "ZSTD_freeDStream"},
    {"ZSTD_createCDict*", "ZSTD_freeCDict"},
    {"ZSTD_createDDict*", "ZSTD_freeDDict"},
    {"LZ4F_create*", "LZ4F_free*"},
    {"deflateInit*", "deflateEnd"},
    {"inflateInit*", "inflateEnd"},
    {"BZ2_bzCompressInit", "BZ2_bzCompressEnd"},
    {"BZ2_bzDecompressInit", "BZ2_bzDecompressEnd"},
    {"BrotliEncoderCreateInstance", "BrotliEncoderDestroyInstance"},
    {"BrotliDecoderCreateInstance", "BrotliDecoderDestroyInstance"},
    {"lzma_stream_encoder*", "lzma_end"},
    {"lzma_stream_decoder*", "lzma_end"},
    {"archive_read_new", "archive_read_free"},
    {"archive_write_new", "archive_write_free"},
    // Images, sound, text
    {"jpeg_CreateDecompress", "jpeg_destroy_decompress"},
    {"jpeg_CreateCompress", "jpeg_destroy_compress"},
    {"tjInit*", "tjDestroy"},
    {"png_create_read_struct*", "png_destroy_read_struct"},
    {"png_create_write_struct*", "png_destroy_write_struct"},
    {"TIFFOpen", "TIFFClose"},
    {"av_frame_alloc", "av_frame_free"},
    {"av_packet_alloc", "av_packet_free"},
    {"avcodec_alloc_context3", "avcodec_free_context"},
    {"avformat_open_input", "avformat_close_input"},
    {"sws_getContext", "sws_freeContext"},
    {"pcre2_compile_8", "pcre2_code_free_8"},
    {"XML_ParserCreate*", "XML_ParserFree"},
    {"xmlReadMemory", "xmlFreeDoc"},
    {"xmlParseMemory", "xmlFreeDoc"},
    {"cJSON_Parse*", "cJSON_Delete"},
    // Network and cryptography
    {"curl_easy_init", "curl_easy_cleanup"},
    {"curl_multi_init", "curl_multi_cleanup"},
    {"SSL_CTX_new", "SSL_CTX_free"},
    {"SSL_new", "SSL_free"},
    {"EVP_*_CTX_new", "EVP_*_CTX_free"},
    {"EVP_PKEY_new", "EVP_PKEY_free"},
    {"BIO_new*", "BIO_free"},
    {"git_repository_open*", "git_repository_free"},
    // libc
    {"fopen", "fclose"},
    {"fdopen", "fclose"},
    {"opendir", "closedir"},
    {"getaddrinfo", "freeaddrinfo"},
    {"dlopen", "dlclose"},
};
enum { BUILT_IN = sizeof built_in / sizeof *built_in };

struct owner_pairs {
    struct owner_pair *added;
    size_t count, capacity;
};

struct owner_pairs *owner_pairs_new(void) {
    return calloc(1, sizeof(struct owner_pairs));
}

void owner_pairs_free(struct owner_pairs *pairs) {
    if (pairs) {
        free(pairs->added);
    }
    free(pairs);
}

// ---- Text ----

static bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *fault_of(const char *name) {
    size_t letters = 0, stars = 0;
    for (const char *c = name; *c; c++) {
        if (!is_name_character(*c) && *c != '*' && *c != '.') {
            return "a name has letters, digits, underscores, points and stars";
        }
        letters += *c != '*';
        stars += *c == '*';
    }
    return letters < 3 ? "a name has three letters or more" : stars > 2 ? "a name has two stars at most" : NULL;
}

static const char *read_line(const char *line, size_t size, struct owner_pair *pair) {
    char text[2 * OWNER_PAIRS_NAME_BYTES + 64], *rest = text, *names[3] = {NULL};
    size_t count = 0;
    if (size >= sizeof text) {
        return "the line is too long";
    }
    memcpy(text, line, size);
    text[size] = '\0';
    for (char *name; count < 3 && (name = strsep(&rest, " \t\r"));) {
        if (*name) {
            names[count++] = name;
        }
    }
    *pair = (struct owner_pair){0};
    if (count == 0 || *names[0] == '#') {
        return NULL;
    }
    if (count != 2) {
        return "a line has two names: what opens, and what closes";
    }
    if (strlen(names[0]) >= sizeof pair->opens || strlen(names[1]) >= sizeof pair->closes) {
        return "the name is too long";
    }
    const char *fault = fault_of(names[0]);
    snprintf(pair->opens, sizeof pair->opens, "%s", names[0]);
    snprintf(pair->closes, sizeof pair->closes, "%s", names[1]);
    return fault ? fault : fault_of(names[1]);
}

bool owner_pairs_add(struct owner_pairs *pairs, const char *text, size_t size, char *fault, size_t fault_size) {
    size_t before = pairs->count, line = 0;
    const char *wrong = size > OWNER_PAIRS_MAX_BYTES ? "it is larger than 1 MiB" : memchr(text, 0, size) ? "it is no text" : NULL;
    for (size_t at = 0; !wrong && at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        struct owner_pair pair;
        line++;
        wrong = read_line(text + at, length, &pair);
        if (!wrong && *pair.opens) {
            bool room = pairs->count < OWNER_PAIRS_MAX && VECTOR_RESERVE(pairs->added, pairs->capacity, pairs->count + 1);
            wrong = room ? NULL : pairs->count < OWNER_PAIRS_MAX ? "no memory" : "there are more than 10,000 pairs";
            if (room) {
                pairs->added[pairs->count++] = pair;
            }
        }
        at += length + 1;
    }
    if (wrong) {
        pairs->count = before;
        if (line > 0) {
            snprintf(fault, fault_size, "line %zu: %s", line, wrong);
        } else {
            snprintf(fault, fault_size, "%s", wrong);
        }
    }
    return !wrong;
}

// ---- Matching ----

// What the first star stood for.
struct star {
    const char *at;
    size_t size;
};

static bool matches(const char *pattern, const char *name, size_t size, struct star *star) {
    if (!*pattern) {
        return size == 0;
    }
    if (*pattern != '*') {
        return size > 0 && *pattern == *name && matches(pattern + 1, name + 1, size - 1, star);
    }
    for (size_t taken = 0; taken <= size && (taken == 0 || is_name_character(name[taken - 1])); taken++) {
        struct star later = {NULL, 0};
        if (matches(pattern + 1, name + taken, size - taken, &later)) {
            *star = (struct star){name, taken};
            return true;
        }
    }
    return false;
}

static void put(char text[OWNER_PAIRS_NAME_BYTES], const char *pattern, struct star star) {
    size_t head = strcspn(pattern, "*");
    const char *tail = pattern + head;
    snprintf(text, OWNER_PAIRS_NAME_BYTES, "%.*s%.*s%s", (int)head, pattern, *tail && star.at ? (int)star.size : 0, star.at ? star.at : "",
             *tail ? tail + 1 : "");
}

static bool is_it(const char *opens, const char *closes, const char *name, size_t size, struct owner_pair *pair) {
    struct star star = {NULL, 0};
    if (!matches(opens, name, size, &star)) {
        return false;
    }
    snprintf(pair->opens, sizeof pair->opens, "%.*s", (int)size, name);
    put(pair->closes, closes, star);
    return true;
}

static bool find(const struct owner_pairs *pairs, const char *name, size_t size, struct owner_pair *pair) {
    if (size >= OWNER_PAIRS_NAME_BYTES) {
        return false;
    }
    for (size_t i = pairs ? pairs->count : 0; i-- > 0;) {
        if (is_it(pairs->added[i].opens, pairs->added[i].closes, name, size, pair)) {
            return true;
        }
    }
    for (size_t i = 0; i < BUILT_IN; i++) {
        if (is_it(built_in[i][0], built_in[i][1], name, size, pair)) {
            return true;
        }
    }
    return false;
}

bool owner_pairs_find(const struct owner_pairs *pairs, const char *function, struct owner_pair *pair) {
    static const char glue[] = "_Cfunc_";
    const char *call = strstr(function, glue);
    if (!call) {
        size_t size = strlen(function), name_size = strcspn(function, ".");
        return find(pairs, function, size, pair) || (name_size < size && find(pairs, function, name_size, pair));
    }
    call += sizeof glue - 1;
    const char *plain = call + strspn(call, "_"); // bindings have functions of their own around some: _sqlite3_open_v2
    if (find(pairs, plain, strlen(plain), pair)) {
        return true;
    }
    char name[OWNER_PAIRS_NAME_BYTES];
    snprintf(name, sizeof name, "C.%s", strcasecmp(plain, "Cmalloc") == 0 ? "malloc" : plain);
    return find(pairs, name, strlen(name), pair);
}
