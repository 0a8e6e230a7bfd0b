// directory_owner.h: whether a directory is its user's own. Who else can write into it could put crafted files there, or replace others.
// Threads: any. Memory: 1 KiB of stack.
#ifndef CMEMPROF_BASE_DIRECTORY_OWNER_H
#define CMEMPROF_BASE_DIRECTORY_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

static inline bool directory_owner_is_our_group(gid_t group) {
    gid_t groups[256];
    int count = getgroups(sizeof groups / sizeof *groups, groups);
    bool is_ours = group == getegid();
    for (int i = 0; i < count && !is_ours; i++) {
        is_ours = groups[i] == group;
    }
    return is_ours;
}

// Returns the fault of an open directory's owner or mode, as a literal, or NULL: also if it cannot be learned, since using it will fail
// then. Write access for a group of this process is accepted: mkdir grants it where every user has a group, and so do Kubernetes volumes.
static inline const char *directory_owner_fault(int directory) {
    struct stat stat;
    if (fstat(directory, &stat) != 0) {
        return NULL;
    }
    if (stat.st_uid != geteuid() && stat.st_uid != 0) {
        return "the directory belongs to another user";
    }
    if ((stat.st_mode & S_IWOTH) != 0) {
        return "every user can write to the directory (use a subdirectory)";
    }
    bool others_write = (stat.st_mode & S_IWGRP) != 0 && !directory_owner_is_our_group(stat.st_gid);
    return others_write ? "another group can write to the directory (use a subdirectory)" : NULL;
}

#endif
