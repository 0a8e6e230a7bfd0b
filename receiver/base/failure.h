// failure.h: maps errno to a cause of failure; names of the causes (error.h).
#ifndef CMEMPROF_RECEIVER_FAILURE_H
#define CMEMPROF_RECEIVER_FAILURE_H

#include "error.h"

// RECEIVER_DISK_FULL for ENOSPC, EDQUOT and EFBIG (file size limit), RECEIVER_NO_MEMORY for ENOMEM, else RECEIVER_IO.
enum receiver_error receiver_error_from_errno(int number);

#endif
