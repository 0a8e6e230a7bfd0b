// memory_share.c: a quarter of the memory (memory_share.h).
#include "memory_share.h"
#include "../../cmemprof/cgroup_memory.h"

size_t memory_quarter(const char *list, const char *mount, uint64_t machine_bytes, size_t min) {
    struct cgroup_memory cgroup;
    uint64_t all = machine_bytes;
    if (cgroup_memory_read(list, mount, &cgroup) && cgroup.limit < all) {
        all = cgroup.limit;
    }
    return all / 4 > min ? all / 4 : min;
}
