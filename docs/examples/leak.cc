// leak.cc: a C++ program that profiles itself: new, and what the standard library allocates, goes through malloc too.
//
//     c++ -g leak.cc $(pkg-config --cflags --libs cmemprof) -o leak && ./leak && cmemprof top leak.pprof
#include <cmemprof.h>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

static std::map<int, std::vector<std::string>> kept;

static void leak() {
    for (int i = 0; i < 1000; i++) {
        kept[i].push_back(std::string(64 * 1024, 'x'));
    }
}

static bool write_profile(const char *path) {
    cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes = nullptr;
    size_t size = 0;
    if (snapshot == nullptr) {
        return false;
    }
    cmemprof_error error = cmemprof_snapshot_encode(snapshot, nullptr, &bytes, &size);
    cmemprof_snapshot_free(snapshot);
    if (error != CMEMPROF_OK) {
        std::cerr << "leak: " << cmemprof_error_text(error) << "\n";
        return false;
    }
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char *>(bytes), static_cast<std::streamsize>(size));
    std::free(bytes);
    return file.good();
}

int main() {
    cmemprof_error error = cmemprof_start(CMEMPROF_DEFAULT_INTERVAL_BYTES);
    if (error != CMEMPROF_OK) { // the program can go on without
        std::cerr << "leak: " << cmemprof_error_text(error) << "\n";
    }
    leak();
    return write_profile("leak.pprof") ? 0 : 1;
}
