// error.h: causes of failure. 0 is ok.
#ifndef CMEMPROF_RECEIVER_ERROR_H
#define CMEMPROF_RECEIVER_ERROR_H

enum receiver_error {
    RECEIVER_OK = 0,
    RECEIVER_NO_MEMORY,
    RECEIVER_BAD_ADDRESS,     // not ADDRESS:PORT
    RECEIVER_NOT_LOOPBACK,    // an address other than 127.0.0.0/8 and ::1 needs a token
    RECEIVER_ADDRESS_IN_USE,  // another program listens there
    RECEIVER_CANNOT_LISTEN,   // any other refusal of the system; text has it
    RECEIVER_BAD_DIRECTORY,   // cannot be created or written
    RECEIVER_DIRECTORY_TAKEN, // in use by another receiver
    RECEIVER_BAD_INDEX,       // it is damaged
    RECEIVER_DISK_FULL,
    RECEIVER_BAD_UPLOAD, // malformed; text has the reason, for the client
    RECEIVER_TOO_LARGE,
    RECEIVER_NOT_FOUND,
    RECEIVER_CONFLICT,        // what is stored is in a state that forbids it; text says which
    RECEIVER_DAMAGED,         // a stored file has changed
    RECEIVER_BUSY,            // too many of the same at once; a later try may succeed
    RECEIVER_BAD_CERTIFICATE, // of TLS, or its key; text has what is wrong
    RECEIVER_BAD_TOKEN,       // the token file cannot be read, or holds no token
    RECEIVER_CLIENT_GONE,     // every client that waited has gone
    RECEIVER_READ_ONLY,       // the disk is, or has become so
    RECEIVER_DIRECTORY_GONE,  // the data directory, or a part of it, was removed or replaced
    RECEIVER_IO,              // disk error
    RECEIVER_ERROR_COUNT
};
const char *receiver_error_text(enum receiver_error error); // "address already in use". Never NULL.

#endif
