// usdt.c (sample): see usdt.h. The notes' form is SystemTap's (version 3 of "stapsdt"): the addresses of the probe, of the base, and of the
// count of readers, then the provider's, the probe's and the arguments' texts. All addresses are those that the linker has chosen; if a
// tool has moved the sections since (prelink), the base tells by how much.

#include "usdt.h"

#define READERS __attribute__((section(".probes"), used)) // where tools look for the counts: of the file, not of .bss, and writable

volatile uint16_t usdt_alloc_readers READERS = 0;
volatile uint16_t usdt_free_readers READERS = 0;

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

// One for the whole program, however many objects have it.
#define BASE                                                                                                                               \
    ".ifndef _.stapsdt.base\n"                                                                                                             \
    ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"                                                            \
    ".weak _.stapsdt.base\n"                                                                                                               \
    ".hidden _.stapsdt.base\n"                                                                                                             \
    "_.stapsdt.base: .space 1\n"                                                                                                           \
    ".size _.stapsdt.base, 1\n"                                                                                                            \
    ".popsection\n"                                                                                                                        \
    ".endif\n"

// `arguments` names registers: "8@" is an unsigned value of 8 bytes.
#define PROBE(name, readers, arguments, ...)                                                                                               \
    __asm__ volatile("990: nop\n"                                                                                                          \
                     ".pushsection .note.stapsdt, \"\", \"note\"\n"                                                                        \
                     ".balign 4\n"                                                                                                         \
                     ".4byte 992f - 991f, 994f - 993f, 3\n"                                                                                \
                     "991: .asciz \"stapsdt\"\n"                                                                                           \
                     "992: .balign 4\n"                                                                                                    \
                     "993: .8byte 990b\n"                                                                                                  \
                     ".8byte _.stapsdt.base\n"                                                                                             \
                     ".8byte " TEXT(readers) "\n"                                                                                          \
                                             ".asciz \"otel_memory\"\n"                                                                    \
                                             ".asciz \"" name "\"\n"                                                                       \
                                             ".asciz \"" arguments "\"\n"                                                                  \
                                             "994: .balign 4\n"                                                                            \
                                             ".popsection\n" BASE ::__VA_ARGS__)

// Not inlined: one note each.
#define ONCE __attribute__((noinline, noclone))

ONCE void usdt_alloc(const void *block, uint64_t size, uint64_t weighted_bytes) {
    PROBE("alloc", usdt_alloc_readers, "8@%0 8@%1 8@%2", "r"(block), "r"(size), "r"(weighted_bytes));
}

ONCE void usdt_free(const void *block) {
    PROBE("free", usdt_free_readers, "8@%0", "r"(block));
}
