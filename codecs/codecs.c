// codecs.c: which codec reads and writes which format.
#include "codecs.h"

const struct codec *codec_of(enum merge_compression kind) {
    static const struct codec *const codecs[] = {
        [MERGE_RAW] = NULL, [MERGE_GZIP] = &codecs_gzip_codec, [MERGE_ZSTD] = &codecs_zstd_codec, [MERGE_LZ4] = &codecs_lz4_codec};
    return codecs[kind];
}
