// error.h: the causes of failure. 0 is ok.
#ifndef CMEMPROF_RECEIVER_ERROR_H
#define CMEMPROF_RECEIVER_ERROR_H

enum receiver_error {
    RECEIVER_OK = 0,
    RECEIVER_NO_MEMORY,
    RECEIVER_BAD_ADDRESS,     // not ADDRESS:PORT
    RECEIVER_NOT_LOOPBACK,    // other addresses than 127.0.0.0/8 and ::1 need a token
    RECEIVER_ADDRESS_IN_USE,  // someone else listens there
    RECEIVER_CANNOT_LISTEN,   // any other refusal of the system: text tells
    RECEIVER_BAD_DIRECTORY,   // cannot be made or written
    RECEIVER_DIRECTORY_TAKEN, // another receiver runs on it
    RECEIVER_BAD_INDEX,       // it is damaged
    RECEIVER_DISK_FULL,
    RECEIVER_BAD_UPLOAD, // malformed: text tells the client why
    RECEIVER_TOO_LARGE,
    RECEIVER_NOT_FOUND,
    RECEIVER_DAMAGED,     // a stored file is not what it was
    RECEIVER_BUSY,        // too much of the same at once; later it may go
    RECEIVER_BAD_TOKEN,   // the token file cannot be read, or holds no token
    RECEIVER_CLIENT_GONE, // nobody waits for it any more
    RECEIVER_IO,          // the disk refused
    RECEIVER_ERROR_COUNT
};
const char *receiver_error_text(enum receiver_error error); // "address already in use". Never NULL.

#endif
