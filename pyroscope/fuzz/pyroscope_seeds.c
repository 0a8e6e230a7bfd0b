// pyroscope_seeds.c: writes the seed corpus of pyroscope_fuzz.c. usage: pyroscope_seeds FOLDER
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pyroscope.h"

static void keep(const char *folder, const char *name, char reader, const void *bytes, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fputc(reader, file) == EOF || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int count, char **arguments) {
    static const struct pyroscope_pair labels[] = {{"__name__", "process_cpu"}, {"service_name", "shop"}, {"__delta__", "false"}};
    static const char name[] = "shop.api{region=eu,version=1.2}";
    if (count != 2) {
        return 2;
    }
    struct pyroscope_push *push = pyroscope_push_new();
    pyroscope_push_add(push, labels, 3, "1", "\x0a\x04\x08\x01\x10\x02", 6);
    pyroscope_push_add(push, labels + 1, 1, "2", "", 0);
    const uint8_t *bytes;
    size_t size;
    if (!pyroscope_push_encode(push, &bytes, &size)) {
        return 1;
    }
    keep(arguments[1], "push", 0, bytes, size);
    keep(arguments[1], "name", 1, name, strlen(name));
    pyroscope_push_free(push);
    return 0;
}
