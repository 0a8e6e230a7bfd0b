// focus.h: which regular expressions the tools take. They come from whoever may read, and the C library's compiler is not made for that: it
// recurses for each parenthesis (60,000 of them end the process), copies what a + or {} repeats (so that a group of 55 bytes takes
// 1.6 GB), and looks for back-references without an end.
//
// Taken: characters, classes, brackets, anchors, alternatives and groups; what is repeated is a character, class or bracket, not a group.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_COMMAND_FOCUS_H
#define CMEMPROF_COMMAND_FOCUS_H

enum { FOCUS_BYTES = 200, FOCUS_ANCHORS = 8 };

// Why an expression is not taken. NULL: it is, or the compiler refuses it.
const char *focus_fault(const char *expression);

#endif
