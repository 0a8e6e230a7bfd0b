#!/usr/bin/env bash
# mimalloc 2.0.9 (Debian 12's libmimalloc2.0 2.0.9+ds-2, preloaded): aligned_alloc(n, n) with n = 256, 512 or 1024 returns blocks that are not
# aligned to n. C11 7.22.3.1 asks for the alignment, and size is a multiple of it as it shall be. Seen:
#
#     16 0, 32 0, 64 0, 128 0, 256 64, 512 64, 1024 64, 2048 0, 4096 0      (alignment, how many of 64 blocks are not aligned)
#
# So a test of an interposed allocator cannot ask for the alignment where the allocator behind does not keep it; e2e/harm compares with
# what the same call gives without us. Fails when the behaviour has changed. Needs gcc and Debian's package registry.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq libmimalloc2.0=2.0.9+ds-2 >/dev/null 2>&1
dpkg-deb -x libmimalloc2.0_*.deb .
cat >aligned.c <<'C'
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
        unsigned wrong = 0;
        for (int i = 0; i < 64; i++)
            wrong += (uintptr_t)aligned_alloc(alignment, alignment) % alignment != 0; // kept: each is another block
        printf("%zu %u\n", alignment, wrong);
    }
}
C
gcc -O1 -fno-builtin -o aligned aligned.c
seen=$(LD_PRELOAD=$(find . -name 'libmimalloc.so.2' | head -n 1) ./aligned)
echo "$seen"
wrong=$(awk '$2 > 0 { printf "%s ", $1 }' <<<"$seen")
[ "$wrong" = "256 512 1024 " ] || { echo "changed: not aligned at: ${wrong:-none}" >&2; exit 1; }
