#!/usr/bin/env bash
# systemd 252 (Debian 12): SystemCallFilter=@system-service, which units of services are told to have, lets process_vm_readv pass and not
# mincore. What it does not let pass kills the process (SystemCallErrorNumber= is unset by default). One would expect the contrary:
# process_vm_readv reads other processes' memory, and Docker's default profile long refused it; mincore tells which of a process's own pages
# are in memory, and Docker's profile has always let it pass. A profiler that counts resident pages by mincore works in containers and kills
# a service under systemd. Seen:
#
#     @system-service: process_vm_readv yes, mincore no, madvise yes, mlock yes
#
# Fails when the behaviour has changed. Needs Debian's package registry; nothing is installed, no unit is run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq systemd libsystemd-shared >/dev/null 2>&1
for package in ./*.deb; do dpkg-deb -x "$package" .; done
library=$(dirname "$(find . -name 'libsystemd-shared-*.so' | head -n 1)")
LD_LIBRARY_PATH=$library ./usr/bin/systemd-analyze syscall-filter >sets 2>/dev/null
# members SET: its calls, those of the sets in it too
members() {
    awk -v set="$1" '/^@/ { on = $1 == set; next } /^#/ { on = 0 } on && $1 != "" && $1 != "#" { print $1 }' sets |
        while read -r member; do case $member in @*) members "$member" ;; *) echo "$member" ;; esac; done
}
members @system-service | sort -u >calls
seen=""
for call in process_vm_readv mincore madvise mlock; do
    seen="$seen $call $(grep -qx "$call" calls && echo yes || echo no),"
done
echo "@system-service:${seen%,}"
[ "$seen" = " process_vm_readv yes, mincore no, madvise yes, mlock yes," ] || { echo "changed: $seen" >&2; exit 1; }
