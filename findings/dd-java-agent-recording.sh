#!/usr/bin/env bash
# dd-java-agent 1.40.0 (1.34.0 as well): the recording that it uploads has two chunks, and the JDK cannot read the second one, of the native
# profiler: jdk.jfr.consumer.RecordingFile of OpenJDK 17 ends with
#
#     java.lang.InternalError: Pool java.lang.String must contain at least one element
#
# when it comes to it, after all events of the first. 1.68.1's are read. So a receiver cannot ask the JDK what is in such a file, nor can a test:
# e2e/receiver compares chunk by chunk. Fails when the behaviour has changed. Needs a JDK, Maven, Python 3 and Maven Central.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mvn --quiet --batch-mode dependency:copy -Dartifact=com.datadoghq:dd-java-agent:1.40.0 -DoutputDirectory=. >log 2>&1 || { cat log >&2; exit 1; }
cat >Busy.java <<'JAVA'
class Busy {
    public static void main(String[] arguments) throws Exception {
        for (var kept = new java.util.ArrayList<String>(); System.in.available() == 0; kept.clear())
            for (int number = 0; number < 20000; number++) kept.add(String.valueOf(number).repeat(3));
        Runtime.getRuntime().halt(0);
    }
}
JAVA
cat >Count.java <<'JAVA'
class Count {
    public static void main(String[] arguments) throws Exception {
        int count = 0;
        try (var recording = new jdk.jfr.consumer.RecordingFile(java.nio.file.Path.of(arguments[0]))) {
            for (; recording.hasMoreEvents(); count++) recording.readEvent();
        } catch (InternalError error) {
            System.out.println(error.getMessage());
            return;
        }
        System.out.println(count > 0 ? "read" : "no events");
    }
}
JAVA
# An Agent on a loopback address that takes one upload, not compressed, and splits its recording: a chunk begins with FLR and has its length behind the version.
cat >agent.py <<'PYTHON'
import http.server, os, subprocess, sys

bodies = []

class Agent(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/profiling/v1/input":
            bodies.append(body)
        self.send_response(200)
        self.end_headers()

    do_PUT = do_POST
    def log_message(self, *arguments): pass

server = http.server.HTTPServer(("127.0.0.1", 0), Agent)
server.timeout = 60
environment = dict(os.environ, DD_TRACE_AGENT_URL="http://127.0.0.1:%d" % server.server_port, DD_TRACE_ENABLED="false",
    DD_PROFILING_ENABLED="true", DD_PROFILING_UPLOAD_PERIOD="3", DD_PROFILING_UPLOAD_COMPRESSION="off",
    DD_PROFILING_START_DELAY="0", DD_PROFILING_START_FORCE_FIRST="true", NO_PROXY="127.0.0.1")
java = subprocess.Popen(["java", "-Xshare:off", "-javaagent:dd-java-agent-1.40.0.jar", "Busy.java"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
for _ in range(20):
    if not bodies:
        server.handle_request()
java.kill()
java.wait()
if not bodies:
    sys.exit("no upload has come")
body, at, number = bodies[0], bodies[0].index(b"FLR\0"), 0
while body[at:at + 4] == b"FLR\0":
    size = int.from_bytes(body[at + 8:at + 16], "big")
    open("%d.jfr" % number, "wb").write(body[at:at + size])
    at, number = at + size, number + 1
PYTHON
python3 agent.py
seen=$(for chunk in ?.jfr; do echo "$chunk: $(java Count.java "$chunk")"; done | sed 's/ *$//')
java -version 2>&1 | head -n 1
echo "$seen"
[ "$seen" = "0.jfr: read
1.jfr: Pool java.lang.String must contain at least one element" ] || { echo "changed" >&2; exit 1; }
