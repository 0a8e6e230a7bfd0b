#!/usr/bin/env bash
# qemu-user 7.2 (Debian 12) signs return addresses by the architecture's cipher (QARMA5), which takes it longer than all else that code of
# -mbranch-protection=standard does; with pauth-impdef=on by a hash of its own, many times quicker. Why scripts/emulated sets QEMU_CPU. Fails when the
# difference is gone. Needs gcc-aarch64-linux-gnu, qemu-user-static.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >calls.c <<'C'
#include <stdio.h>
#include <time.h>

static volatile long sum;
__attribute__((noinline)) static void leaf(long i) { sum += i; }
__attribute__((noinline)) static void call(long i) { // keeps its return address on the stack, signed
    leaf(i);
    sum++;
}
int main(void) {
    clock_t began = clock();
    for (long i = 0; i < 300000; i++) call(i);
    printf("%ld\n", (long)((clock() - began) * 1000 / CLOCKS_PER_SEC));
    return 0;
}
C
aarch64-linux-gnu-gcc -O1 -fno-optimize-sibling-calls -mbranch-protection=standard -static -o signed calls.c
aarch64-linux-gnu-gcc -O1 -fno-optimize-sibling-calls -mbranch-protection=none -static -o plain calls.c
qemu-aarch64-static --version | head -n 1
plain=$(qemu-aarch64-static ./plain) signed=$(QEMU_CPU=max qemu-aarch64-static ./signed) quick=$(QEMU_CPU=max,pauth-impdef=on qemu-aarch64-static ./signed)
echo "300,000 calls: $plain ms unsigned, $signed ms signed, $quick ms with pauth-impdef=on"
[ "$signed" -gt $((3 * quick)) ] || { echo "changed" >&2; exit 1; }
