// mapping.c: equality of mappings.
//
// In one process, mappings are equal if start, limit, offset, file and build ID are. So Go's heap profile and the C heap profile of
// a process share them. Two mappings of one process are never merged, even if they map the same part of the same file.
// In two processes, the loader puts the same library at different addresses. A later input's mapping then matches one of the same
// size (in pages), offset and build ID or else file, as in google/pprof, and its addresses are shifted to that one's start
// (decode.c). A mapping without build ID and file matches no other.
// Each input claims a mapping once. Similar mappings form a list with a cursor that skips claimed ones, so that an
// input of many similar mappings takes linear time.
// Threads, memory: as profile.h.
#include "profile.h"

#define PAGE_BYTES 4096u

static bool same_mapping(const void *context, uint32_t id, const void *key) {
    const struct mapping *have = profile_mapping(context, id), *want = key;
    return have->start == want->start && have->limit == want->limit && have->offset == want->offset && have->file == want->file &&
           have->build_id == want->build_id;
}

static uint32_t hash_same(const struct profile *profile, const struct mapping *mapping) {
    uint64_t hash = intern_hash_word(profile->seed, mapping->start);
    hash = intern_hash_word(hash, mapping->limit);
    hash = intern_hash_word(hash, mapping->offset);
    return intern_hash_end(intern_hash_word(hash, (uint64_t)mapping->file << 32 | mapping->build_id)) & profile->hash_mask;
}

static uint64_t size_pages(const struct mapping *mapping) {
    uint64_t size = mapping->limit - mapping->start;
    return size / PAGE_BYTES + (size % PAGE_BYTES != 0);
}

// The build ID if there is one, else the file; hashed so that one cannot match the other.
static uint64_t name_of(const struct mapping *mapping) {
    return mapping->build_id ? (uint64_t)mapping->build_id << 32 : mapping->file;
}

static bool alike_mapping(const void *context, uint32_t id, const void *key) {
    const struct mapping *have = profile_mapping(context, id), *want = key;
    return size_pages(have) == size_pages(want) && have->offset == want->offset && name_of(have) == name_of(want);
}

static uint32_t hash_alike(const struct profile *profile, const struct mapping *mapping) {
    uint64_t hash = intern_hash_word(profile->seed, size_pages(mapping));
    hash = intern_hash_word(hash, mapping->offset);
    return intern_hash_end(intern_hash_word(hash, name_of(mapping))) & profile->hash_mask;
}

uint32_t profile_find_mapping(const struct profile *profile, const struct mapping *mapping) {
    return intern_find(&profile->mapping_ids, hash_same(profile, mapping), same_mapping, profile, mapping);
}

void profile_renew_mapping(struct profile *profile, uint32_t id, const struct mapping *mapping) {
    struct mapping *entry = profile_mapping(profile, id);
    if (id != 0 && entry->round != profile->round) {
        entry->round = profile->round;
        entry->flags = mapping->flags;
    }
}

static bool add_to_alike(struct profile *profile, uint32_t id) {
    struct mapping *mapping = profile_mapping(profile, id);
    uint32_t hash = hash_alike(profile, mapping);
    uint32_t first = intern_find(&profile->alike_ids, hash, alike_mapping, profile, mapping);
    if (first == 0) {
        mapping->last_alike = id;
        return intern_add(&profile->alike_ids, hash, id);
    }
    struct mapping *head = profile_mapping(profile, first);
    profile_mapping(profile, head->last_alike)->next_alike = id;
    head->last_alike = id;
    return true;
}

void profile_forget_mappings(struct profile *profile, uint32_t count) {
    if (profile->mappings.count == count) {
        return;
    }
    profile->mappings.count = count;
    intern_free(&profile->mapping_ids);
    intern_free(&profile->alike_ids);
    for (uint32_t id = 1; id < count; id++) {
        struct mapping *mapping = profile_mapping(profile, id);
        mapping->next_alike = mapping->last_alike = mapping->cursor = mapping->cursor_of = 0;
        if (!intern_add(&profile->mapping_ids, hash_same(profile, mapping), id) || (name_of(mapping) != 0 && !add_to_alike(profile, id))) {
            return profile_fail(profile, MERGE_NO_MEMORY);
        }
    }
}

uint32_t profile_new_mapping(struct profile *profile, const struct mapping *mapping) {
    uint32_t id = profile->mappings.count;
    struct mapping *entry = array_push(&profile->mappings, 1, sizeof *entry);
    if (entry) {
        *entry = *mapping;
        entry->next_alike = entry->last_alike = entry->cursor = entry->cursor_of = 0;
        entry->claimed_by = profile->input;
        entry->round = profile->round;
    }
    if (!entry || !intern_add(&profile->mapping_ids, hash_same(profile, mapping), id) ||
        (name_of(mapping) != 0 && !add_to_alike(profile, id))) {
        profile_fail(profile, MERGE_NO_MEMORY);
        return 0;
    }
    return id;
}

uint32_t profile_find_alike_mapping(struct profile *profile, const struct mapping *mapping) {
    if (name_of(mapping) == 0) {
        return 0;
    }
    uint32_t first = intern_find(&profile->alike_ids, hash_alike(profile, mapping), alike_mapping, profile, mapping);
    if (first == 0) {
        return 0;
    }
    struct mapping *head = profile_mapping(profile, first);
    if (head->cursor_of != profile->input) {
        head->cursor_of = profile->input;
        head->cursor = first;
    }
    while (head->cursor != 0 && profile_mapping(profile, head->cursor)->claimed_by == profile->input) {
        head->cursor = profile_mapping(profile, head->cursor)->next_alike;
    }
    return head->cursor;
}
