// Package programs tests that unmodified programs do the same with libcmemprof.so preloaded as without: same output, same exit status, same files,
// with every allocation sampled, one in 4 KiB and one in 512 KiB. Every program is started from a shell script; the shell and everything it
// starts have the library preloaded as well.
//
// CMEMPROF_STRESS=full runs more and larger workloads. A missing program is skipped; CMEMPROF_STRESS=full requires all.
package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cmemprof/cmemprof/e2e/loader"
)

var full = os.Getenv("CMEMPROF_STRESS") == "full"

type workload struct {
	name       string
	needs      []string // programs
	script     string   // of bash, in an empty directory
	variable   []string
	onlyFull   bool
	tests      bool   // prints results of a test suite: compared by name
	minSamples uint64 // samples at rate 1, of all processes
	oneIn      int    // so many processes is looked at closely; 0: all
}

var workloads = []workload{
	{name: "perl", needs: []string{"perl"}, minSamples: 1000, script: `
perl -e 'my %h; $h{$_ % 977} .= "x$_," for 1..200000; my $n = 0; $n += length($_) * ord(substr $_, -2, 1) for values %h; print "$n\n";
         my @a = sort { $a <=> $b } map { ($_ * 7919) % 100003 } 1..50000; print join(",", @a[0..9]), "\n"; my $pid = fork; exit 3 unless $pid;
         waitpid $pid, 0; print $? >> 8, "\n"; $_ = "ab" x 10000; s/a(b)/$1/g; print length, "\n"'
perl -e 'die "in the end\n"'`},
	{name: "text tools", needs: []string{"xz", "gzip", "jq", "sort", "awk"}, minSamples: 1000, oneIn: 2, script: `
seq 1 ${LINES_OF_TEXT:-20000} | awk '{ print $1 * 7919 % 100003, "line", $1 }' >lines
for tool in gzip xz 'xz -T2 --block-size=100000' bzip2; do $tool -c <lines | ${tool%% *} -dc | cksum; done
sort -n lines | cksum; sort --parallel=2 -S 1M -k2,2 -k1,1n lines | cksum; tac lines | tail -n 3; sed -E 's/(1+)/<\1>/g' lines | cksum
grep -c '9.*line.*9' lines; grep -E '(1|2|3)(45|67)+' lines | cksum; tar c lines | tar t; find / -maxdepth 2 -name 'pass*' 2>/dev/null
jq -n '[range(20000) | {name: "n\(.)", value: (. * . % 997)}] | group_by(.value) | map({key: .[0].value, names: map(.name) | sort}) | length'
jq -n '{' ; echo $?; ls /nonexistent; echo $?`},
	{name: "sqlite3", needs: []string{"sqlite3"}, minSamples: 5000, script: `
sqlite3 data.db <<'SQL'
CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT UNIQUE, born INT); CREATE TABLE event(person INT, kind TEXT, at REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO person SELECT i, 'name ' || (i * 7919 % 5003), 1900 + i % 120 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
  INSERT INTO event SELECT i % 5000, substr('abcdefgh', i % 8 + 1, 1), i * 0.25 FROM n;
CREATE INDEX event_of ON event(person, kind);
SELECT kind, count(*), sum(at), group_concat(DISTINCT born) FROM event JOIN person ON person = id GROUP BY kind ORDER BY 2 DESC, 1;
UPDATE event SET kind = upper(kind) WHERE person IN (SELECT id FROM person WHERE born < 1950); DELETE FROM person WHERE id % 7 = 0; VACUUM;
SELECT name, rank() OVER (PARTITION BY born ORDER BY name) FROM person ORDER BY born, name LIMIT 20; PRAGMA integrity_check; SELECT nothing FROM nowhere;
SQL
echo $?; sqlite3 data.db .dump | sha256sum; sha256sum data.db`},
	{name: "git", needs: []string{"git"}, minSamples: 5000, oneIn: 16, script: `
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git init -q -b main one
for i in $(seq 1 ${COMMITS:-25}); do
    printf 'commit refs/heads/main\ncommitter a <a@example.org> %d +0000\ndata 8\nnumber %d\n' $((1700000000 + i)) $((i % 10))
    for k in 1 2 3; do printf 'M 100644 inline dir%d/file%d\n' $((i % 5)) $((i * k % 37)); seq $i $((i * 20 + k)) >part
        printf 'data %d\n' "$(wc -c <part)"; cat part; echo; done
done | git -C one fast-import --quiet
git clone -q one two; cd two
git log --stat --format='%H %s' | sha256sum; git log -p -M | sha256sum; git checkout -q -b side HEAD~15; seq 5 >new; git add new
git commit -q -m side; git merge -q -m merged main; git gc -q --aggressive --prune=now; git fsck --full --strict; git count-objects -v | grep -v size
git rev-list --objects --all | sort | sha256sum; git blame dir1/file1 | sha256sum; git grep -c 99 | sha256sum; git archive HEAD | sha256sum
git bundle create -q ../all.bundle --all; git bundle verify -q ../all.bundle; git stash list; git status --short; git show nothing; echo $?`},
	{name: "g++", needs: []string{"g++"}, minSamples: 10000, script: `
cat >a.cc <<'END'
#include <map>
#include <iostream>
#include <string>
int main() { std::map<std::string, int> m; for (int i = 0; i < 1000; i++) m[std::to_string(i * 7 % 100)] += i; for (auto &[k, v] : m) std::cout << k << v << ' '; }
END
g++ -std=c++17 -O1 -S -o - a.cc | sha256sum; g++ -std=c++17 -O1 -o a a.cc; ./a | sha256sum; echo 'int main() { return x; }' | g++ -x c++ - ; echo $?`},
	{name: "cmake", needs: []string{"cmake"}, onlyFull: true, minSamples: 1000, script: `
cmake --version; cmake --help | sha256sum; echo 'foreach(i RANGE 2000) 
string(APPEND text "${i};")
endforeach() 
string(SHA256 sum "${text}") 
message("${sum}")' >s.cmake; cmake -P s.cmake; cmake -P nothing.cmake; echo $?`},
	{name: "node", needs: []string{"node"}, minSamples: 1000, script: `
node -e 'const z = require("zlib"), c = require("crypto"); const b = Buffer.alloc(300000, "text of all kinds ");
console.log(z.gunzipSync(z.gzipSync(b)).equals(b), c.createHash("sha256").update(b).digest("hex"));
const m = new Map(); for (let i = 0; i < 100000; i++) m.set("k" + i % 999, [i]); console.log(m.size, JSON.stringify([...m].slice(0, 5)));
const { Worker, isMainThread } = require("worker_threads"); if (isMainThread) new Worker("require(\"worker_threads\").parentPort.postMessage(6 * 7)",
{ eval: true }).on("message", v => { console.log(v); process.exitCode = 5; })'; echo $?`},
	{name: "java", needs: []string{"java"}, onlyFull: true, minSamples: 1000, script: `java -version; echo $?; java -Xmx64m -XX:+UseSerialGC -XshowSettings:locale -version 2>&1 | head -3; java Nothing; echo $?`},
	{name: "java, compiled", needs: []string{"java", "javac"}, onlyFull: true, minSamples: 1000, script: `
cat >A.java <<'END'
import java.util.*;
class A { static int deep(int n) { return n == 0 ? 0 : 1 + deep(n - 1); }
  public static void main(String[] a) throws Exception { Map<Integer, byte[]> m = new HashMap<>(); for (int i = 0; i < 200000; i++) m.put(i % 1000, new byte[i % 5000]);
  try { while (true) deep(1 << 30); } catch (StackOverflowError e) { System.out.println("overflow"); } String s = null;
  try { s.length(); } catch (NullPointerException e) { System.out.println("null"); } Thread[] t = new Thread[8];
  for (int i = 0; i < 8; i++) { t[i] = new Thread(() -> { for (int k = 0; k < 100; k++) new java.util.zip.Deflater().end(); }); t[i].start(); } for (Thread x : t) x.join(); System.out.println(m.size()); System.exit(4); } }
END
javac A.java; java -Xmx256m A; echo $?`},
	{name: "redis", needs: []string{"redis-server", "redis-cli", "redis-benchmark"}, onlyFull: true, minSamples: 10000, oneIn: 16, script: `
ulimit -c 0
redis-server --port 0 --unixsocket $PWD/socket --save '' --dir $PWD --daemonize no --io-threads 2 --logfile log --enable-debug-command yes &
server=$!
cli() { redis-cli -s socket "$@"; }
for i in $(seq 200); do [ "$(cli ping 2>/dev/null)" = PONG ] && break; sleep 0.05; done
redis-benchmark -s socket -q -n ${REQUESTS:-1500} -c 20 -P 4 -d 200 -t set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset >/dev/null || echo benchmark failed
cli flushall
cli eval 'for i = 1, 3000 do redis.call("set", "k" .. i, string.rep("v", i % 300)); redis.call("zadd", "z", i * 7 % 1009, "m" .. i); redis.call("rpush", "l" .. i % 7, i) end
  return redis.call("dbsize")' 0
cli bgsave >/dev/null; for i in $(seq 200); do cli info persistence | grep -q rdb_bgsave_in_progress:0 && break; sleep 0.05; done
cli info persistence | grep -o 'rdb_last_bgsave_status:[a-z]*'
cli debug digest; cli debug reload; cli debug digest; cli memory usage nothing; cli nonsense; cli config set activedefrag no >/dev/null
cli shutdown nosave; wait $server; echo $?; redis-check-rdb dump.rdb | grep -c OK`},
	{name: "python", needs: []string{"/usr/bin/python3"}, tests: true, variable: []string{"PYTHONMALLOC=malloc"}, minSamples: 100000,
		script: python("test_list test_dict test_struct")},
	{name: "python, pymalloc", needs: []string{"/usr/bin/python3"}, tests: true, onlyFull: true, minSamples: 10000,
		script: python("test_json test_re test_list test_dict test_sqlite3 test_zlib test_ctypes test_threading test_subprocess test_fork1 test_gc test_pickle " +
			"test_decimal test_ssl test_bz2 test_lzma test_mmap test_array test_bytes test_io test_thread test_contextvars test_asyncio test_signal test_faulthandler")},
	{name: "python, malloc", needs: []string{"/usr/bin/python3"}, tests: true, onlyFull: true, variable: []string{"PYTHONMALLOC=malloc"}, minSamples: 100000,
		script: python("test_json test_pickle test_gc test_re test_sqlite3 test_ctypes test_threading test_subprocess test_fork1 test_decimal test_multiprocessing_fork test_multiprocessing_spawn " +
			"test_concurrent_futures test_dbm test_xml_etree test_posix test_os test_socket")},
}

func python(modules string) string {
	return "/usr/bin/python3 -m test -v --timeout 600 " + modules + " 2>&1"
}

// ---- Run ----

type result struct {
	out, complaint string
	status         int
}

var (
	library, _ = filepath.Abs("../../build/libcmemprof.so")
	starter    string
)

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "cmemprof-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	starter = filepath.Join(directory, "starter.so")
	build := exec.Command("gcc", "-I../../cmemprof", "-D_GNU_SOURCE", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", starter, "starter/starter.c", "-ldl")
	status := 1
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
	} else {
		status = m.Run()
	}
	os.RemoveAll(directory)
	os.Exit(status)
}

// run runs the script in a directory of the same name each time, since many programs keep its name in memory.
func (w workload) run(t *testing.T, directory string, environment ...string) result {
	t.Helper()
	if err := errors.Join(os.RemoveAll(directory), os.Mkdir(directory, 0o755)); err != nil {
		t.Fatal(err)
	}
	limit := 2 * time.Minute
	if full {
		limit = 40 * time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/bash", "-c", w.script)
	cmd.Dir = directory
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	if full {
		environment = append(environment, "COMMITS=400", "LINES_OF_TEXT=200000", "REQUESTS=50000")
	}
	cmd.Env = append(append(os.Environ(), "LC_ALL=C.UTF-8", "TMPDIR="+directory), append(w.variable, environment...)...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || (err != nil && !errors.As(err, &exit)) {
		t.Fatalf("%v %v\n%s%s", err, ctx.Err(), tail(out.String()), tail(complaint.String()))
	}
	return result{out.String(), complaint.String(), cmd.ProcessState.ExitCode()}
}

func tail(text string) string {
	return text[max(0, len(text)-4000):]
}

// counts sums the files that starter.c wrote for each process that exited.
type counts struct {
	processes, compared int // compared: with one thread at the end, so that figures have to add up exactly
	samples             uint64
	missing             int64
}

func readCounts(t *testing.T, directory string) (sum counts) {
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var samples uint64
			var missing int64
			if _, err := fmt.Sscanf(line, "%d %d\n", &samples, &missing); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			sum.processes++
			sum.samples += samples
			if missing != -1 {
				sum.compared++
				sum.missing += max(missing, -missing)
			}
		}
	}
	return sum
}

// A test suite prints "test_x (test.module.Class.test_x) ... ok", sometimes with other output between; only complete lines count.
func testResults(out string) []string {
	var results []string
	for _, line := range strings.Split(out, "\n") {
		name, rest, found := strings.Cut(line, " ... ")
		if found && strings.HasPrefix(name, "test") && (rest == "ok" || rest == "FAIL" || rest == "ERROR" || strings.HasPrefix(rest, "skipped")) {
			results = append(results, name+": "+rest)
		}
	}
	slices.Sort(results)
	return slices.Compact(results)
}

func (w workload) compare(t *testing.T, got, want result) {
	t.Helper()
	if got.status != want.status {
		t.Errorf("exit status %d, without cmemprof it is %d\n%s%s", got.status, want.status, tail(got.out), tail(got.complaint))
	}
	if !w.tests {
		if got.out != want.out {
			t.Errorf("got\n%s\nwithout cmemprof it is\n%s", tail(got.out), tail(want.out))
		}
		if got.complaint != want.complaint {
			t.Errorf("on stderr\n%s\nwithout cmemprof it is\n%s", tail(got.complaint), tail(want.complaint))
		}
		return
	}
	passed, expected := testResults(got.out), testResults(want.out)
	for _, line := range expected {
		if !slices.Contains(passed, line) {
			t.Errorf("not so with cmemprof: %s", line)
		}
	}
	if len(expected) < 100 {
		t.Errorf("only %d tests ran without cmemprof:\n%s", len(expected), tail(want.out))
	}
	t.Logf("%d tests", len(passed))
}

func TestProgramsDoTheSame(t *testing.T) {
	if _, err := os.Stat(library); err != nil {
		t.Fatal(`build/libcmemprof.so is not there; "make lib" builds it`)
	}
	for _, w := range workloads {
		t.Run(w.name, func(t *testing.T) {
			if w.onlyFull && !full {
				t.Skip("only with CMEMPROF_STRESS=full")
			}
			for _, program := range w.needs {
				if _, err := exec.LookPath(program); err != nil {
					t.Fatal(err)
				}
			}
			t.Parallel()
			directory := filepath.Join(t.TempDir(), "work")
			want := w.run(t, directory)
			for _, rate := range []int{1, 4096, 524288} {
				t.Run(strconv.Itoa(rate), func(t *testing.T) {
					folder := t.TempDir()
					start := time.Now()
					got := w.run(t, directory, "LD_PRELOAD="+loader.Preloadable(t, library)+":"+starter, fmt.Sprintf("CMEMPROF_RATE=%d", rate), "PROGRAMS_SAMPLES="+folder,
						fmt.Sprintf("PROGRAMS_COMPARE_ONE_IN=%d", max(1, w.oneIn)))
					sum := readCounts(t, folder)
					t.Logf("%d processes, %d of them compared, %d samples, %v", sum.processes, sum.compared, sum.samples, time.Since(start).Round(time.Millisecond))
					if sum.processes == 0 || rate == 1 && sum.samples < w.minSamples {
						t.Errorf("%d samples in %d processes", sum.samples, sum.processes)
					}
					if sum.missing != 0 {
						t.Errorf("%d samples are neither in a profile nor counted as lost", sum.missing)
					}
					w.compare(t, got, want)
				})
			}
		})
	}
}
