// dwarf_package_test.c: each unit of a package is found by its ID and reads its own data; a damaged index yields nothing. Output of dwp and
// llvm-dwp is compared in e2e/names.

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include "../dwarf_die.h"
#include "../dwarf_package.h"
#include "package_writer.h"

static char path[FOLDER_BYTES + 8];
// The first and the last two hash to the same slot.
static const uint64_t ids[] = {7, 0x900000007, 0xa0000000b};
static const char *const names[] = {"first.c", "second.c", "third.c"};
static struct symbolizer_arena memory;
static struct dwarf_package package;

static bool open_written(const struct package *written, size_t index_bytes) {
    snprintf(path, sizeof path, "%s/dwp", folder);
    package_write(written, path, index_bytes);
    symbolizer_arena_close(&memory);
    symbolizer_arena_open(&memory);
    return dwarf_package_open(&package, path, &memory);
}

static const char *name_of(uint64_t id) {
    static struct dwarf_file file; // units' names point into it
    struct dwarf_die root;
    struct dwarf_value value;
    if (!dwarf_package_file(&package, id, &file)) {
        return "none";
    }
    struct dwarf_unit *unit = dwarf_unit_at(&file, 0);
    return unit && unit->id == id && dwarf_die_root(unit, &root) && dwarf_die_attribute(&root, DW_AT_name, &value)
               ? dwarf_value_text(&value)
               : "unreadable";
}

TEST_IN(folder, finds_units_by_id) {
    for (uint32_t version = 2; version <= 5; version += 3) { // GNU's, whose units are really those of DWARF 4; and DWARF 5's
        struct package written = package_new(version, ids, names, 3);
        assert_true(open_written(&written, sizeof written.index));
        for (int i = 2; i >= 0; i--) {
            assert_string_equal(name_of(ids[i]), names[i]);
        }
        assert_string_equal(name_of(8), "none");
        assert_string_equal(name_of(0x100000007), "none");
        assert_string_equal(name_of(0), "none");
        dwarf_package_close(&package);
    }
}

TEST_IN(folder, damaged_index_yields_nothing) {
    assert_false(dwarf_package_open(&package, "/no/such/package", &memory));
    struct package good = package_new(5, ids, names, 3), bad = good;
    size_t whole = sizeof good.index;
    for (size_t size = 0; size < whole; size++) {
        assert_false(open_written(&good, size));
    }
    bad.index.head[0] = 3; // unknown version
    assert_false(open_written(&bad, whole));
    bad = good;
    bad.index.head[3] = 3; // slot count is not a power of two
    assert_false(open_written(&bad, whole));
    bad.index.head[3] = 0;
    assert_false(open_written(&bad, whole));
    for (int word = 1; word < 4; word++) { // far more than there are
        bad = good;
        bad.index.head[word] = 0x80000000;
        assert_false(open_written(&bad, whole));
    }

    bad = good;
    bad.index.rows[ids[0] % PACKAGE_SLOTS] = 4; // row out of range
    assert_true(open_written(&bad, whole));
    assert_string_equal(name_of(ids[0]), "none");
    dwarf_package_close(&package);

    bad = good;
    for (int slot = 0; slot < PACKAGE_SLOTS; slot++) { // no free slot, at which a search would end
        bad.index.rows[slot] = bad.index.rows[slot] != 0 ? bad.index.rows[slot] : 1;
    }
    assert_true(open_written(&bad, whole));
    assert_string_equal(name_of(ids[2]), names[2]);
    assert_string_equal(name_of(8), "none");
    dwarf_package_close(&package);

    for (int column = 0; column < 3; column++) { // contributions elsewhere or out of range
        bad = good;
        bad.index.cells[PACKAGE_COLUMNS + column] = 0xfffffff0;
        assert_true(open_written(&bad, whole));
        assert_string_not_equal(name_of(ids[1]), names[1]);
        assert_string_equal(name_of(ids[0]), names[0]);
        dwarf_package_close(&package);
        bad = good;
        bad.index.cells[(3 + 2) * PACKAGE_COLUMNS + column] += 1;
        assert_true(open_written(&bad, whole));
        assert_string_not_equal(name_of(ids[2]), names[2]);
        dwarf_package_close(&package);
    }
    symbolizer_arena_close(&memory);
}

int main(void) {
    return tests_run();
}
