// own_malloc.c: has its own malloc, like programs that link an allocator. Exit status 0.
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static char memory[16 << 20];
static size_t used;

void *malloc(size_t size) {
    size_t *block = (size_t *)(memory + used);
    size_t rounded = (size + 31) / 16 * 16; // with its size in front
    if (size > sizeof memory || rounded > sizeof memory - used) {
        return NULL;
    }
    used += rounded;
    block[1] = size;
    return block + 2;
}

void free(void *block) {
    (void)block;
}

void *calloc(size_t count, size_t size) {
    return malloc(count * size); // never used before, so zero
}

void *realloc(void *block, size_t size) {
    void *new = malloc(size);
    if (new &&block) {
        size_t before = ((size_t *)block)[-1];
        memcpy(new, block, before < size ? before : size);
    }
    return new;
}

int main(void) {
    char *text = malloc(100);
    strcpy(text, "ran");
    puts(text);
    return 0;
}
