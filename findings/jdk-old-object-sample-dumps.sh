#!/usr/bin/env bash
# OpenJDK 17.0.15: jdk.OldObjectSample events, the sampled objects that are still alive, are not a stream. Each JFR.dump writes all of
# them once more into the recording, which goes on, so after the third dump of one recording each object is in its file three times:
#
#     events after each dump: 254 505 755
#
# Whoever adds them up, as is right for every other sample of the JVM, sees a live heap that grows with the number of dumps. The events of
# one dump have a start time in common; those of the last one count.
# Fails when the behaviour has changed. Needs JDK 17.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${program:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat >Keeps.java <<'JAVA'
class Keeps {
    static final java.util.List<byte[]> kept = new java.util.ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        for (int number = 0; number < 20000; number++) kept.add(new byte[5000]);
        System.out.println("ready");
        Thread.sleep(120000);
    }
}
JAVA
javac Keeps.java
java -Xmx512m -XX:StartFlightRecording=name=one,settings=profile Keeps >out 2>&1 &
program=$!
for ((i = 0; i < 300; i++)); do
    grep -q '^ready' out && break
    sleep 0.1
done
count() {
    jfr summary "$1" | awk '$1 == "jdk.OldObjectSample" { print $2 }'
}
java -version 2>&1 | sed -n 2p
counts=()
for dump in 1 2 3; do
    jcmd "$program" JFR.dump name=one filename="$folder/$dump.jfr" >/dev/null
    counts+=("$(count "$dump.jfr")")
    sleep 1
done
echo "events after each dump: ${counts[*]}"
[ "${counts[0]}" -gt 0 ]
# No object was made in between; the collector may have freed one or two that the JVM itself had.
for dump in 1 2; do
    [ "${counts[dump]}" -ge $((counts[0] * (dump + 1) * 9 / 10)) ] || { echo "not written again" >&2; exit 1; }
done
