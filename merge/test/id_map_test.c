// Tests of id_map.c: dense and sparse ids, duplicate ids, absent ids.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../id_map.h"

TEST(dense_and_far_ids) {
    enum { COUNT = 1000 };
    struct id_map map = {0};
    assert_true(id_map_init(&map, COUNT, 3));
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t id = i % 2 ? i : UINT64_MAX - (uint64_t)i * 4096;
        assert_int_equal(id_map_get(&map, id), 0);
        assert_int_equal(id_map_put(&map, id, i + 1), ID_MAP_OK);
        assert_int_equal(id_map_put(&map, id, i + 1), ID_MAP_TWICE);
        assert_int_equal(id_map_get(&map, id), i + 1);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(id_map_get(&map, i % 2 ? i : UINT64_MAX - (uint64_t)i * 4096), i + 1);
    }
    assert_int_equal(id_map_get(&map, 2), 0);
    assert_int_equal(id_map_get(&map, UINT64_C(1) << 63), 0);
    id_map_free(&map);
}

TEST(empty_map) {
    struct id_map map = {0};
    assert_true(id_map_init(&map, 0, 3));
    assert_int_equal(id_map_get(&map, 0), 0);
    assert_int_equal(id_map_get(&map, 1), 0);
    id_map_free(&map);
}

int main(void) {
    return tests_run();
}
