// loaded.h: a chunk of java_types.h that is read: its metadata, pools and names.
#ifndef CMEMPROF_JFR_TEST_LOADED_H
#define CMEMPROF_JFR_TEST_LOADED_H

#include "java_types.h"

#include "../names.h"

struct loaded {
    struct maker maker;
    struct jfr_chunk chunk;
    struct jfr_metadata metadata;
    struct jfr_pools pools;
    struct jfr_names names;
};

// maker: begun, with all constants.
static inline void load(struct loaded *loaded) {
    bool no_memory;
    maker_finish(&loaded->maker);
    assert_null(jfr_chunk_read(&loaded->chunk, loaded->maker.bytes, loaded->maker.size, 0));
    assert_null(jfr_chunk_metadata(&loaded->chunk, &loaded->metadata, &no_memory));
    assert_true(jfr_pools_init(&loaded->pools, &loaded->metadata, loaded->chunk.end));
    for (struct jfr_walk walk = jfr_walk(&loaded->chunk); jfr_walk_next(&walk);) {
        if (walk.type == JFR_TYPE_CHECKPOINT) {
            assert_null(jfr_pools_add(&loaded->pools, &loaded->metadata, &walk.body, &no_memory));
        }
    }
    assert_true(jfr_names_init(&loaded->names, &loaded->metadata, &loaded->pools));
}

static inline void unload(struct loaded *loaded) {
    jfr_names_free(&loaded->names);
    jfr_pools_free(&loaded->pools);
    jfr_metadata_free(&loaded->metadata);
    maker_free(&loaded->maker);
}

#endif
