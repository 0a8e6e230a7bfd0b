# Tests: included by the Makefile.

.PHONY: test-arm64 test-emulated emulated-tests emulated-built emulate-some test-reproducible tested built c-tests valgrind-tests test-page test-c test-sanitized test-tsan test-fuzz test-go test-go-versions test-go-layout test-programs test-cpu test-datadog test-go-sqlite3 test-jfr test-demo stress flakes everywhere test-platforms torture kills soak

# test_rules FOLDER,VARIANT,ROOM: one test program for each test/x_test.c of a folder or a room of it, from it and all objects of the folder and of
# what it uses. variant_of TESTED_FOLDER,FOLDER,VARIANT: which objects of the folder it gets.
variant_of = $(if $(filter cmemprof-cmemprof-obj merge-merge-obj,$(1)-$(2)-$(3)),checked,$(3))
# gold, where there is one and LDFLAGS name no other, links in half the time. cmemprof's tests look at what the usual linker makes of a program.
FAST_LINKER = $(eval FAST_LINKER := $(if $(findstring fuse-ld,$(LDFLAGS)),,$(shell echo 'int main(void) { return 0; }' | \
    $(CC) -fuse-ld=gold -x c -o /dev/null - 2>/dev/null && echo -fuse-ld=gold)))$(FAST_LINKER)
# The two folders with the most tests and the most below them: their tests link what they test as one shared library, which takes a tenth of the time and
# the place. The others link objects: the library of a profiled program is not the program.
SHARED_BY_TESTS := $(foreach v,obj sanitized,receiver-$(v) command-$(v))
tested_objects = $(foreach f,$(call tested_closure,$(1)),$(call objects,$(f),$(call variant_of,$(1),$(f),$(2)))) $(call reader,$(1),$(2))
tested_libs = $(foreach f,$(call tested_closure,$(1)),$(LIBS_$(f)))
define tested_library
build/$(2)/test/libtested_$(1).so: $(call tested_objects,$(1),$(2))
	@mkdir -p $$(@D) && echo "  link  $$@"
	@$$(LINK) $(FLAGS_$(2)) $$(FAST_LINKER) -shared -Wl,-soname,$$(@F) -o $$@ $$^ $(call tested_libs,$(1))
endef
define test_rules
$(patsubst $(3)/test/%_test.c,build/$(2)/test/$(1)_%_test,$(call of_arch,$(wildcard $(3)/test/*_test.c))): build/$(2)/test/$(1)_%_test: build/$(call variant_of,$(1),$(1),$(2))/$(3)/test/%_test.o $(if $(filter $(1)-$(2),$(SHARED_BY_TESTS)),build/$(2)/test/libtested_$(1).so $(call reader,$(1),$(2)),$(call tested_objects,$(1),$(2)))
	@mkdir -p $$(@D) && echo "  link  $$@"
	@$$(LINK) $(FLAGS_$(2)) $(if $(filter cmemprof preload,$(1)),,$$(FAST_LINKER)) $(if $(filter $(1)-$(2),$(SHARED_BY_TESTS)),-Xlinker -rpath -Xlinker "$$$$PWD/build/$(2)/test") -o $$@ $$^ -lcmocka $(call tested_libs,$(1)) $(TEST_LIBS_$(1))
endef
$(foreach v,obj sanitized,$(foreach f,receiver command,$(eval $(call tested_library,$(f),$(v)))))
# A sanitizer brings an allocator of its own: what tests the hooks themselves runs without one, and the hooks stay out of what runs with one.
HOOKED_TESTS := $(patsubst %,cmemprof_%_test,ages allocator_stats hook hook_cxx hook_mappings hook_threads interposition interposition_static loaded_code mapped_ranges mappings memory_profile memory_profile_encode memory_profile_heap memory_profile_mapped memory_profile_threads peak profiler real_allocator reclaim resident_glibc sample_stack snapshot snapshot_encode snapshot_labels threads usdt)
$(foreach f,$(FOLDERS),$(foreach r,$(call tested_rooms,$(f)),$(eval $(call test_rules,$(f),obj,$(r)))))
$(foreach f,base merge series codecs jfr otlp foreign pyroscope upload client receiver cmemprof command,$(foreach r,$(call tested_rooms,$(f)),$(eval $(call test_rules,$(f),sanitized,$(r)))))
.SECONDARY:

# Compares names with libdw's; e2e/names gives it files.
build/beside-libdw: build/obj/cmemprof/test/beside_libdw.o $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@echo "  link  $@"
	@$(LINK) -o $@ $^ $(call libs,cmemprof) $(TEST_LIBS_cmemprof)
build/demangle: build/obj/cmemprof/test/demangle_lines.o $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@echo "  link  $@"
	@$(LINK) -o $@ $^ $(call libs,cmemprof)

C_TESTS := $(foreach f,$(FOLDERS),$(call tests,$(f),obj))
SANITIZED_TESTS := $(foreach f,base merge series codecs jfr otlp foreign pyroscope upload client receiver cmemprof command,$(filter-out $(HOOKED_TESTS:%=build/sanitized/test/%),$(call tests,$(f),sanitized)))
# valgrind brings one, too. It also has no vdso, mappings of its own, and an error for whoever asks the kernel whether an address is mapped.
VALGRIND_CHANGES := $(patsubst %,cmemprof_%_test,code_bytes_amd64 go_call lifecycle modules stack_memory unwind unwind_amd64 unwind_memo unwind_walk)
VALGRIND_TESTS := $(filter-out $(patsubst %,build/obj/test/%,$(HOOKED_TESTS) $(VALGRIND_CHANGES)),$(C_TESTS))
c-tests: # names, for scripts/everywhere
	@printf '%s\n' $(C_TESTS)
valgrind-tests:
	@printf '%s\n' $(VALGRIND_TESTS)

# The lock-free tables under the thread sanitizer. setarch -R: gcc 12's does not know address space laid out at random in today's kernels' way.
TSAN_TABLES := $(patsubst %,build/tsan/cmemprof/%.o,block_filter label_keys label_sets live_table stack_table stack_index private_arena reserved_memory sampler shard)
TSAN_TESTS := $(patsubst %,build/tsan/test/cmemprof_%_test,block_filter label_keys label_sets live_table stack_table private_arena reserved_memory sampler cfi_cache tables_stress)
FLAGS_tsan := -Wno-tsan -fsanitize=thread
$(eval $(call variant,tsan,$$(CC),build/.setup))
build/tsan/test/cmemprof_%_test: build/tsan/cmemprof/test/%_test.o $(TSAN_TABLES)
	@mkdir -p $(@D) && echo "  link  $@"
	@$(LINK) $(FLAGS_tsan) -o $@ $^ -lcmocka -lm

# Tests' own sources take the compiler three times as long at -O2. Not those of base/, whose inline functions are compiled in them, nor of what finds
# stacks, which the optimisation makes.
UNOPTIMISED_TESTS := $(foreach f,$(filter-out base cmemprof preload,$(FOLDERS)),$(foreach r,$(call rooms,$(f)),$(call of_arch,$(wildcard $(r)/test/*_test.c))))
$(UNOPTIMISED_TESTS:%.c=build/obj/%.o): private FLAGS_obj := -O0 -U_FORTIFY_SOURCE

# The other compiler takes all C code without a warning, as gcc does that builds it. function_index_test has a function inside of another, which clang does
# not know, and cmemprof's tests choose an optimisation for single functions, which it passes over.
COMPILES := $(patsubst %.c,build/compiled/clang/%,$(filter-out cmemprof/test/function_index_test.c,$(foreach f,$(FOLDERS),$(foreach r,$(call rooms,$(f)),$(call of_arch,$(wildcard $(r)/*.c $(r)/test/*.c)))) $(wildcard */fuzz/*.c)))
build/compiled/clang/%: %.c | build/.setup-test
	@$(folder); $(CCACHE) clang $(BASE_CFLAGS) -Werror -O0 -Wno-unknown-attributes -MMD -MP -MF $@.d -MT $@ -c -o $@ $<
build/compiled/clang/receiver/http/assets: build/web/.bundled
-include $(wildcard build/compiled/*/*/*.d build/compiled/*/*/*/*.d build/compiled/*/*/*/test/*.d)

tested: lib static portable musl build/cmemprof manual build/cmemprof-sanitized build/beside-libdw build/demangle
built: tested build/web/.checked $(COMPILES) \
    $(C_TESTS) $(SANITIZED_TESTS) $(TSAN_TESTS) $(FUZZ_TARGETS) $(READER_FUZZERS) build/fuzz/seeds

test-reproducible: build/web/.bundled ## Compare builds of two folders byte by byte
	@scripts/test-reproducible

# What the page works out: layout, search, filters. How it looks and answers is tested in Chromium (e2e/page).
test-page: build/web/.checked
	@node receiver/web/build.mjs test
	@node --test build/web-test/*.mjs >build/web-test/log 2>&1 && grep -E '^(#|ℹ) pass' build/web-test/log || { cat build/web-test/log; false; }
test-c: build/.setup-test $(C_TESTS)
	@scripts/run-c-tests $(C_TESTS)
# On an emulated processor, where arm64's programs run like this machine's own (scripts/emulated). qemu-user has system calls of its own, and is in the
# emulated process itself: tests of what it cannot show are left out one by one, and said so (base/test/emulated.h, findings/qemu-user.sh).
EMULATED_FOLDERS := base merge cmemprof preload
EMULATED_TESTS := $(foreach f,$(EMULATED_FOLDERS),$(call tests,$(f),obj))
emulated-tests: # names
	@printf '%s\n' $(EMULATED_TESTS)
emulated-built: lib static portable $(EMULATED_TESTS)
FOR_ARM64 = $(MAKE) --no-print-directory ARCH=arm64 WERROR=-Werror
emulate = scripts/emulated scripts/run-c-tests $$(env -u MAKEFLAGS $(MAKE) -s ARCH=arm64 emulated-tests$(if $(1), | grep -vE '/($(subst $(eval) ,|,$(1)))_test$$'))
GO_EMULATED = $(TRIMMED) PART_OF=arm64 go test -vet=off -exec "'$(CURDIR)/scripts/parts' test '$(CURDIR)/scripts/emulated'" -count=1 -parallel 1
# The code of the other folders is compiled alone: what they link is another machine's, and of its headers this machine's do as well.
ELSEWHERE := $(foreach f,$(filter-out $(EMULATED_FOLDERS),$(FOLDERS)),$(call sources,$(f)))
build/compiled/arm64/%: %.c | build/.setup-test
	@$(folder); $(CCACHE) aarch64-linux-gnu-gcc $(BASE_CFLAGS) -Werror -O0 $(patsubst %,-idirafter %,/usr/include /usr/include/x86_64-linux-gnu) -MMD -MP -MF $@.d -MT $@ -c -o $@ $<
build/compiled/arm64/receiver/http/assets: build/web/.bundled
# In make test: the C tests that do not take the emulator long, and whole stacks.
SLOW_EMULATED := merge_decode $(patsubst %,cmemprof_%,sampler hook modules reclaim snapshot sample_stack tables_stress stack_table function_index live_table demangle_cxx_name demangle_cxx_print demangle_cxx_print_expression)
test-emulated: build/.setup-test $(ELSEWHERE:%.c=build/compiled/arm64/%)
	@scripts/setup install arm64
	@+$(FOR_ARM64) emulated-built
	@if why=$$(scripts/emulated true 2>&1); then $(MAKE) --no-print-directory emulate-some; else echo "arm64: built, and not run: $$why"; fi
emulate-some:
	@echo "left to make test-arm64: $(SLOW_EMULATED)"
	@$(call emulate,$(SLOW_EMULATED))
	cd e2e && $(GO_EMULATED) -timeout 20m -run '^TestStacks$$' ./stacks
# Of the receiver what the emulator does in minutes.
RECEIVER_EMULATED := ^Test(AccessLog|Directories|IndexRemoved|IndexDamaged|ForeignFiles|DifferenceIsThatOfPprof|RolesOfChanges|ChangesOutliveKills|KilledWhileUploading|FullDisk|DamagedIndex|SlowClients|ForwardTargets|ForwardToFaults|ForwardTenants|ForwardOfTheFormerVersion|ForwardLoops|ProbesDuringTheStart)
# Ways to be profiled, but for what looks at this machine's own programs (/bin/sh, the loader's cache) or holds each period of 200 ms to what it should show.
WAYS_EMULATED := ^Test(Musl(Preloaded|Linked)|Portable|EveryWayToEnd|Keep|WithoutThread|NothingWithoutDirectory|BadVariableIsNamed|Run(WritesAProfile|NamesThePeak|TellsWhyNot|Loader|HandsSignalsOn|Killed|SignalProfiles|Children))$$
CPU_EMULATED := ^Test(StacksLeadFromCToGo|ACallThatRunsAlready|ViewersShowAllNames|MappingsAreApart|CrashInC|AStormOfSignals|TheProfileAddsUp)$$
# Tests of Go packages are arm64's themselves.
GO_OF_ARM64 = GOARCH=arm64 CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ $(GO_EMULATED)
test-arm64: build/.setup-test ## Build all of the profiler for arm64 and run its C tests, Go packages, services, hazards, cmemprof run and the receiver by qemu-user (make deps-arm64; half an hour)
	@scripts/setup check arm64
	@+$(FOR_ARM64) emulated-built musl command
	@$(call emulate)
	$(GO_OF_ARM64) -timeout 20m ./goshim/internal/... ./goshim/debug ./upload
	cd e2e && $(GO_EMULATED) -timeout 60m ./stacks ./sqlite ./hazards
	cd e2e && $(GO_EMULATED) -timeout 20m -run '$(WAYS_EMULATED)' ./ways
	cd e2e && $(GO_EMULATED) -timeout 20m -run '$(CPU_EMULATED)' ./cpu
	cd e2e && $(GO_EMULATED) -timeout 20m -run '$(RECEIVER_EMULATED)' ./receiver
# What a function leaves on its stack is often still there after its return, so a test that reads it passes here and fails elsewhere.
test-sanitized: export ASAN_OPTIONS := detect_stack_use_after_return=1:$(ASAN_OPTIONS)
test-sanitized: build/.setup-test $(SANITIZED_TESTS)
	@scripts/run-c-tests $(SANITIZED_TESTS)
test-tsan: build/.setup-test $(TSAN_TESTS)
	@setarch -R scripts/run-c-tests $(TSAN_TESTS)
# The three targets of the merge engine on inputs that are the same each time, and google/pprof's word on what they have kept. Of the other
# readers the seeds and some thousand changes of them, but for the receiver as a whole, which takes a minute to build (make fuzz-http).
test-fuzz: $(FUZZ_TARGETS) build/fuzz/seeds
	@merge/fuzz/run
	@rm -rf build/fuzz/fixed-readers
	@$(MAKE) --no-print-directory FUZZ_CORPUS=build/fuzz/fixed-readers FUZZ_LIMIT='-runs=5000 -seed=1' $(filter-out fuzz-merge fuzz-http,$(FUZZ_GOALS))
RACE_PACKAGES := ./goshim/... ./merge ./upload
# make check vets all packages. Each is timed for the table that make test ends with. No matter of races: builds of users' modules, a thousand starts.
GO_TEST = $(TRIMMED) go test -vet=off -exec "'$(CURDIR)/scripts/parts' test"
test-go: build/.setup-test
	failed=0; \
	$(TRIMMED) go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./... || failed=1; \
	$(GO_TEST) ./... || failed=1; \
	(cd goshim/prometheus && $(GO_TEST) ./...) || failed=1; \
	PART_OF=race $(GO_TEST) -race -skip '^Test(Vendored)?Build|Thousand' $(RACE_PACKAGES) || failed=1; \
	exit $$failed
# Whole programs: estimates against the truth, stacks in every build mode, SQLite's results, the page in a browser. Go cannot see that what they
# build or start has changed, so nothing of it is taken from its cache.
LONGEST := ./page ./receiver ./stacks ./hazards ./ways ./verdict ./harm # first, or the last would run alone
test-programs: build/.setup-test tested
	failed=0; \
	(cd e2e && $(GO_TEST) -count=1 -p 2 -parallel 2 -timeout 25m $(LONGEST) $$(go list ./... | grep -v '/e2e/cpu$$')) || failed=1; \
	for module in soak otlp pyroscope; do (cd e2e/$$module && $(GO_TEST) -count=1 -timeout 15m .) || failed=1; done; \
	exit $$failed
# With nothing beside: timers of CPU time come late on a busy machine. With eight busy neighbours on two processors a CPU profile of Go alone has half
# of its ticks, and what these tests ask of single functions is not there.
test-cpu: build/.setup-test lib
	cd e2e && $(GO_TEST) -count=1 -parallel 2 -timeout 15m ./cpu
# Against dd-trace-go v1.43.1 and v2 and the Datadog Agent's receiver. Modules of their own, as they want a newer Go and other versions than we do.
test-datadog: build/.setup-test lib build/cmemprof
	cd e2e/datadog && $(GO_TEST) -count=1 -timeout 10m ./...
# With other versions of Go. In make test what depends on the runtime's layout, with the oldest and the newest.
test-go-versions: build/.setup-test tested ## Run the Go tests with the oldest, the current and the newest version of Go (half an hour)
	@scripts/test-go-versions
test-go-layout: build/.setup-test lib
	@$(TRIMMED) scripts/test-go-versions quick
test-go-sqlite3: build/.setup-test lib ## Run go-sqlite3's own test suite with and without cmemprof
	$(TRIMMED) scripts/test-go-sqlite3
# All JDKs, agents and profilers of docs/jfr.md, fetched where they are not installed.
test-jfr: build/.setup-test build/cmemprof ## Compare what is read of Java's recordings with the JDK's reader: JDK 11 to 25, dd-java-agent, async-profiler (half an hour)
	cd e2e && CMEMPROF_JFR=full go test -count=1 -timeout 2h ./jfr
test-demo: build/.setup-test build/cmemprof
	cd demo && $(GO_TEST) -count=1 ./...

# Programs on packages that much is written in, pinned and fetched for each version of CPython that is here (e2e/python/programs).
.PHONY: test-python-programs
test-python-programs: build/.setup-test lib build/cmemprof ## Compare stacks of eleven programs in Python with Python's own word, and their sums with memray's (half an hour)
	cd e2e && CMEMPROF_PYTHON_PROGRAMS=all go test -count=1 -timeout 2h -run '^Test(Programs|Marks)' ./python

# What README and docs/page.md show is looked at before it is committed.
.PHONY: pictures
pictures: build/.setup-test build/cmemprof ## Take the pictures of the page anew, of the demo's service (minutes)
	cd e2e && CMEMPROF_PICTURES="$(CURDIR)/docs/images" go test -vet=off -count=1 -run '^TestPictures' ./page

# ---- Long tests ----

# All of the above N times beside busy neighbours. FLAKES picks: FLAKES='build/.*/receiver_|go ./merge', FLAKES=e2e/go TEST=TestRunGo,
# FLAKES='make test-page'. The script makes what whole programs are tested with.
FLAKES ?= .
ifneq ($(filter flakes,$(MAKECMDGOALS)),)
FLAKY_PROGRAMS := $(shell printf '%s\n' $(C_TESTS) $(SANITIZED_TESTS) $(TSAN_TESTS) | grep -E -- '$(FLAKES)')
endif
by_commas = $(subst $(eval) ,$(comma),$(1))
flakes: build/.setup-test $(FLAKY_PROGRAMS) ## Run every test N=50 times under load and list what does not always pass (FLAKES=pattern picks)
	@scripts/flakes $(or $(N),50) '$(FLAKES)' $(FLAKY_PROGRAMS) -- '. ./...' \
	    '. $(call by_commas,$(RACE_PACKAGES)) -race' 'e2e ./...' 'e2e/soak .' 'e2e/otlp .' 'e2e/pyroscope .' 'e2e/datadog ./...' 'demo ./...' \
	    'make test-page' 'make test-fuzz' 'make test-go-sqlite3'

# WAYS picks: WAYS='valgrind|clang'.
WAYS ?= .
everywhere: build/.setup-test ## Run the C and Go tests with other compilers, -O0 to -O3, in an awkward path, without environment, as nobody, with valgrind (an hour)
	@scripts/everywhere '$(WAYS)'

test-platforms: build/cmemprof ## Try the last commit on Debian 11 to unstable, with gcc 10 to 16, clang 14 to 19 and four linkers; writes docs/platforms.md (an hour; root; ROWS=pattern picks)
	@scripts/test-platforms '$(or $(ROWS),.)'

HEALTHY_TEST := build/obj/test/receiver_analysis_healthy_test
stress: build/.setup-test build/.setup-stress lib static musl build/cmemprof $(HEALTHY_TEST) ## Failing allocations, real programs, stacks and clients in full, healthy services with other noise, go-sqlite3's suite 20 times (hours)
	HEALTHY_SEEDS=10 scripts/run-c-tests $(HEALTHY_TEST)
	cd e2e && CMEMPROF_STRESS=full go test -count=1 -p 1 -parallel 2 -timeout 12h ./life ./names ./programs ./stacks ./verdict
	cd e2e && CMEMPROF_STRESS=full go test -count=1 -timeout 2h -run Client ./receiver
	RUNS=20 scripts/test-go-sqlite3
torture: build/.setup-test lib ## Forks, dlopens, threads, starts and the like, N=100000 of each in each way of running, and all other hazards in full
	cd e2e && CMEMPROF_TORTURE=$(or $(N),100000) go test -count=1 -parallel 2 -timeout 48h -v ./hazards
kills: build/.setup-test build/cmemprof ## Kill the receiver KILLS=1000 times while it takes uploads: what was answered with 200 is stored whole
	cd e2e && CMEMPROF_KILLS=$(or $(KILLS),1000) go test -count=1 -timeout 12h -v -run TestKilledWhileUploading ./receiver
soak-receiver: build/.setup-test build/cmemprof ## Uploads and questions to the receiver for HOURS=2, with kills, a full store and a full disk: nothing is lost, and nothing grows
	cd e2e && CMEMPROF_SOAK_HOURS=$(or $(HOURS),2) go test -count=1 -timeout 50h -v -run TestEndurance ./receiver
soak: build/.setup-test build/cmemprof ## A busy service with the profiler and without, side by side for HOURS=2: what may grow is held against limits
	scripts/soak

