// deflate_recipe.h: a gzip file as its inflated bytes and a recipe, a hundredth of its size, that makes the same file of them again.
//
// A recipe has the gzip header, which compressor to ask (deflate_guess.h), where its matches were others, and the blocks with their headers
// (deflate_stream.h). It is made for files of one gzip member.
//
// Threads: any. Memory: malloc; about 12 bytes for each of the inflated ones while it works.
#ifndef CMEMPROF_RECEIVER_DEFLATE_RECIPE_H
#define CMEMPROF_RECEIVER_DEFLATE_RECIPE_H

#include "deflate_guess.h"

// Makes plain and recipe, which the caller frees. hint: which compressor to try first, and out: the one that was best. RECEIVER_NOT_FOUND:
// there is no recipe that is smaller than an eighth of the file, or none that is followed in time. RECEIVER_TOO_LARGE: over plain_max.
// RECEIVER_BUSY: stop was set; it may be NULL. RECEIVER_NO_MEMORY.
enum receiver_error deflate_recipe_make(const uint8_t *bytes, size_t size, size_t plain_max, enum deflate_writer *hint,
                                        const atomic_bool *stop, uint8_t **plain, size_t *plain_size, struct bit_writer *recipe);

// The file again: appended to out, whose bytes the caller frees. RECEIVER_DAMAGED: the recipe is none.
enum receiver_error deflate_recipe_follow(const uint8_t *plain, size_t plain_size, const uint8_t *recipe, size_t recipe_size,
                                          struct bit_writer *out);

#endif
