// spool_suspects.c: see spool_suspects.h.
#include "spool_suspects.h"

#include <string.h>

static struct spool_suspect *find(const struct spool_suspects *suspects, const char *name) {
    for (unsigned i = 0; i < SPOOL_SUSPECTS_MAX; i++) {
        if (strcmp(suspects->files[i].name, name) == 0) {
            return (struct spool_suspect *)&suspects->files[i];
        }
    }
    return NULL;
}

unsigned spool_suspects_add(struct spool_suspects *suspects, const char *name, uint64_t sent) {
    struct spool_suspect *file = find(suspects, name);
    if (file) {
        file->strikes += file->sent != sent;
        file->sent = sent;
        return file->strikes;
    }
    file = find(suspects, "");
    if (!file) {
        file = &suspects->files[suspects->next];
        suspects->next = (suspects->next + 1) % SPOOL_SUSPECTS_MAX;
    }
    *file = (struct spool_suspect){.sent = sent};
    memcpy(file->name, name, strnlen(name, sizeof file->name - 1));
    return 0;
}

bool spool_suspects_waits(const struct spool_suspects *suspects, const char *name, uint64_t sent) {
    const struct spool_suspect *file = find(suspects, name);
    return file && file->strikes > 0 && file->sent == sent;
}

void spool_suspects_forget(struct spool_suspects *suspects, const char *name) {
    struct spool_suspect *file = find(suspects, name);
    if (file) {
        file->name[0] = '\0';
    }
}
