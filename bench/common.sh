# common.sh: shared by the parts of the capture benchmark, which source it after "set -euo pipefail".
#
# A part runs its variants interleaved, round after round; every result is a line "VARIANT KEY VALUE" in $raw. report's awk program then prints
# a table and writes build/bench-NAME.tsv.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
name=$(basename "$0")
out=$PWD/build/bench-$name raw=build/bench-$name/raw.tsv tsv=build/bench-$name.tsv
c_flags=(-std=gnu11 -D_GNU_SOURCE -O2 -g -fno-builtin-malloc -fno-builtin-free -pthread)
c_libraries=(build/libcmemprof.a -ldl)

for library in build/libcmemprof.a build/libcmemprof.so; do
    [ -f $library ] || { echo "bench: $library is not there; \"make lib\" builds it" >&2; exit 1; }
done
mkdir -p "$out"
: >"$raw"
profiles=$(mktemp -d) # profiles of preloaded programs
trap 'rm -rf "$profiles"' EXIT

# build_c SOURCE: $out/plain and $out/linked, with cmemprof.
build_c() {
    "${CC:-gcc}" "${c_flags[@]}" -o "$out/plain" "$1"
    "${CC:-gcc}" "${c_flags[@]}" -DWITH_CMEMPROF -o "$out/linked" "$1" "${c_libraries[@]}"
}

# measure VARIANT COMMAND...: the command prints lines "KEY VALUE".
measure() {
    local variant=$1
    shift
    "$@" >"$out/one"
    sed "s/^/$variant /" "$out/one" >>"$raw"
}

preloaded() { env LD_PRELOAD="$PWD/build/libcmemprof.so" CMEMPROF_DIRECTORY="$profiles" CMEMPROF_RATE=524288 "$@"; }

# in_turns ROUNDS FUNCTION
in_turns() {
    local i
    for ((i = 1; i <= $1; i++)); do
        if [ -t 2 ]; then printf '\r  %s: round %d of %d' "$name" "$i" "$1" >&2; fi
        $2
    done
    if [ -t 2 ]; then printf '\r\e[K' >&2; fi
}

# report ASSIGNMENTS... : the awk program is on stdin; figures.awk has its functions.
report() {
    local assignments=() a
    for a in "$@"; do assignments+=(-v "$a"); done
    cat >"$out/report.awk"
    sort -k1,1 -k2,2 -k3,3g "$raw" | awk -v tsv="$tsv" "${assignments[@]}" -f bench/figures.awk -f "$out/report.awk"
    echo
}

# Sets jemalloc to the library, or to "" if it is missing or cannot profile.
find_jemalloc() {
    jemalloc=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p | sed -n 's/.*libjemalloc\.so\.2 .*=> //p' | head -n 1)
    if [ -z "$jemalloc" ]; then
        echo 'libjemalloc.so.2 is not installed: no peer.'
    elif ! with_jemalloc prof:true,prof_active:true true 2>"$out/complaint" || [ -s "$out/complaint" ]; then
        echo "$jemalloc was built without profiling: no peer."
        jemalloc=''
    fi
}
with_jemalloc() { env LD_PRELOAD="$jemalloc" MALLOC_CONF="$1" "${@:2}"; }
