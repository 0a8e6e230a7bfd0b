// read_exact.c: read(2) until complete (read_exact.h).
#include "read_exact.h"

#include <errno.h>
#include <unistd.h>

enum receiver_error read_exact(int file, void *bytes, size_t size) {
    for (size_t used = 0; used < size;) {
        ssize_t count = read(file, (char *)bytes + used, size - used);
        if (count <= 0 && !(count < 0 && errno == EINTR)) {
            return RECEIVER_IO;
        }
        used += count > 0 ? (size_t)count : 0;
    }
    return RECEIVER_OK;
}
