// objects_type.h: the sample type that counts what another has the bytes of. Threads: any.
#ifndef CMEMPROF_RECEIVER_OBJECTS_TYPE_H
#define CMEMPROF_RECEIVER_OBJECTS_TYPE_H

#include "../../merge/merge.h"

// Its index: of inuse_space that of inuse_objects. -1: none.
int objects_type_of(const struct profile *profile, const char *type);

#endif
