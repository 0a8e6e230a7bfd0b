# Builds, tests and shows cmemprof. `make help` lists the targets.
#
# A folder is its own source list: folder/*.c is the code, folder/test/*_test.c its tests, one program each. Go compiles exactly the same
# files through folder/binding.go. Everything that is made lands in build/.

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -fPIC -pthread -fno-omit-frame-pointer $(WARN) $(CFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# cmemprof's own tests have it with checks that the library is without (lock_order.h).
CHECKED := -DCMEMPROF_CHECK_LOCK_ORDER

# What each folder uses of ours, and the system libraries it links. The layers point one way only; scripts/check holds them to it.
USES_merge :=
USES_series :=
USES_upload :=
USES_lz4 := merge
USES_receiver := merge lz4 series
USES_cmemprof := merge
USES_preload := cmemprof merge
USES_command := receiver upload merge lz4 series
LIBS_merge := -ldeflate -lzstd
LIBS_series := -lm
LIBS_lz4 := -llz4
LIBS_upload := -lcurl
LIBS_receiver := -lmicrohttpd -lsqlite3 -lm
LIBS_cmemprof := -ldl -lm
LIBS_preload :=
LIBS_command = $(LIBS_cmemprof)
# What tests compare names with.
TEST_LIBS_cmemprof := -ldw -lelf
FOLDERS := merge series lz4 upload receiver cmemprof preload command

comma := ,
# A folder's rooms, lowest first: each may include what is to the left of it.
ROOMS_receiver := base index store views analysis http
ROOMS_command := base symbols report run
rooms = $(1) $(addprefix $(1)/,$(ROOMS_$(1)))
# Those with tests. Their rules name each test: a pattern would be led astray by what an older build says of a file that was moved.
tested_rooms = $(foreach r,$(call rooms,$(1)),$(if $(wildcard $(r)/test/*_test.c),$(r)))
sources = $(foreach r,$(call rooms,$(1)),$(wildcard $(r)/*.c))
objects = $(patsubst %.c,build/$(2)/%.o,$(filter-out command/main.c,$(call sources,$(1))))
tests = $(foreach r,$(call rooms,$(1)),$(patsubst $(r)/test/%_test.c,build/$(2)/test/$(1)_%_test,$(wildcard $(r)/test/*_test.c)))
closure = $(1) $(USES_$(1))
libs = $(foreach f,$(call closure,$(1)),$(LIBS_$(f)))

.PHONY: help lib static musl command install demo test tested built c-tests valgrind-tests check test-analyser test-page test-c test-sanitized test-tsan test-fuzz test-go test-programs test-datadog test-go-sqlite3 test-demo stress flakes everywhere torture soak fuzz fuzz-cfi fuzz-line-table fuzz-debug fuzz-demangle fuzz-merge fuzz-upload bench bench-capture bench-harm bench-merge bench-profiler bench-page bench-receiver clean
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# ---- Build ----

build/obj/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
build/sanitized/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $< (sanitized)"
	@$(CC) $(ALL_CFLAGS) $(SANITIZE) $(CHECKED) -MMD -MP -c $< -o $@
build/checked/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $< (checked)"
	@$(CC) $(ALL_CFLAGS) $(CHECKED) -MMD -MP -c $< -o $@
-include $(wildcard build/*/*/*.d build/*/*/*/*.d build/*/*/*/test/*.d)

# The page is TypeScript, bundled into build/web/, and part of the binary (receiver/http/assets.c includes it byte for byte).
PAGE_SOURCES := $(filter-out %/node_modules %/test,$(wildcard receiver/web/* receiver/web/src/* receiver/web/src/*/*))
PAGE_TOOLS := receiver/web/node_modules/.package-lock.json
$(PAGE_TOOLS): receiver/web/package-lock.json receiver/web/.npmrc | build/.setup
	@echo "  npm   receiver/web"
	@cd receiver/web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
build/web/.bundled: $(PAGE_SOURCES) $(PAGE_TOOLS)
	@echo "  page  build/web"
	@node receiver/web/build.mjs
	@touch $@
build/obj/receiver/http/assets.o build/sanitized/receiver/http/assets.o: build/web/.bundled
build/web/.checked: $(PAGE_SOURCES) $(wildcard receiver/web/test/*) $(PAGE_TOOLS)
	@mkdir -p $(@D) && echo "  tsc   receiver/web"
	@cd receiver/web && node_modules/.bin/tsc --noEmit && node_modules/.bin/prettier --check --log-level warn build.mjs src test
	@touch $@

lib: build/libcmemprof.a build/libcmemprof.so ## Build the static and the shared library
build/libcmemprof.a: $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@rm -f $@ && echo "  ar    $@"
	@ar rcs $@ $^
# nodelete: hooks that the loader has bound can never go away. What is loaded into any program needs libc alone: another library that it finds
# first may lack what is needed. So no compressor is in it, and its profiles are not compressed (bare/).
RAW_ONLY = $(filter-out %/merge/compress.o,$(call objects,merge,$(1))) $(call objects,bare,$(1))
build/libcmemprof.so: $(foreach f,preload cmemprof,$(call objects,$(f),obj)) $(call RAW_ONLY,obj) cmemprof/exports.map
	@echo "  link  $@"
	@$(CC) -shared -o $@ $(filter %.o,$^) -Wl,-z,defs -Wl,-z,nodelete -Wl,-z,now -Wl,--version-script=cmemprof/exports.map $(LIBS_cmemprof)

# For fully static programs: the linker installs the hooks (cmemprof/interposition.h).
build/static/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $< (static)"
	@$(CC) $(ALL_CFLAGS) -DCMEMPROF_STATIC -DCMEMPROF_OWN_OBJECT_TABLE -MMD -MP -c $< -o $@
static: build/libcmemprof-static.a ## Build the library for fully static programs
build/libcmemprof-static.a: $(call objects,cmemprof,static) $(call objects,merge,obj)
	@rm -f $@ && echo "  ar    $@"
	@ar rcs $@ $^

# For musl: from the same sources, without what compresses.
MUSL_CC ?= musl-gcc
MUSL_OBJECTS := $(call objects,cmemprof,musl) $(call RAW_ONLY,musl)
build/musl/%.o: %.c
	@mkdir -p $(@D) && echo "  cc    $< (musl)"
	@$(MUSL_CC) $(ALL_CFLAGS) -DCMEMPROF_OWN_OBJECT_TABLE -MMD -MP -c $< -o $@
musl: build/libcmemprof-musl.so build/libcmemprof-musl.a ## Build the libraries for programs linked to musl
build/libcmemprof-musl.a: $(MUSL_OBJECTS)
	@rm -f $@ && echo "  ar    $@"
	@ar rcs $@ $^
build/libcmemprof-musl.so: $(MUSL_OBJECTS) $(call objects,preload,musl) cmemprof/exports.map
	@echo "  link  $@"
	@$(MUSL_CC) -shared -o $@ $(filter %.o,$^) -Wl,--eh-frame-hdr -Wl,--build-id -Wl,-z,defs -Wl,-z,nodelete -Wl,-z,now -Wl,--version-script=cmemprof/exports.map

# The command reads symbols with cmemprof's reader, and its malloc stays what it is: the linker takes from here what is asked for.
READS_SYMBOLS := command
reader = $(if $(filter $(1),$(READS_SYMBOLS)),build/$(2)/libreader.a)
build/obj/libreader.a: $(filter-out %/hook.o %/hook_cxx.o %/hook_mappings.o %/interposition.o %/interposition_static.o,$(call objects,cmemprof,obj))
build/sanitized/libreader.a: $(filter-out %/hook.o %/hook_cxx.o %/hook_mappings.o %/interposition.o %/interposition_static.o,$(call objects,cmemprof,sanitized))
build/obj/libreader.a build/sanitized/libreader.a:
	@rm -f $@ && echo "  ar    $@"
	@ar rcs $@ $^

# The command's libraries are those that it was linked to, wherever LD_LIBRARY_PATH leads a program that it runs: DT_RPATH comes before that
# variable, for the libraries of the libraries as well, and DT_RUNPATH does not. Where there is no such folder, all is as without.
folders_of = $(sort $(foreach l,$(patsubst -l%,%,$(filter -l%,$(1))),$(dir $(realpath $(shell $(CC) -print-file-name=lib$(l).so)))))
STAYS_ITS_OWN = -Wl,--disable-new-dtags $(patsubst %/,-Wl$(comma)-rpath$(comma)%,$(call folders_of,$(call libs,command)))
command: build/cmemprof ## Build the program cmemprof (run, receiver, top, diff, merge, delta)
build/cmemprof: build/obj/command/main.o $(foreach f,$(call closure,command),$(call objects,$(f),obj)) build/obj/libreader.a
	@echo "  link  $@"
	@$(CC) -pthread -o $@ $^ $(STAYS_ITS_OWN) $(call libs,command)

build/cmemprof-sanitized: build/sanitized/command/main.o $(foreach f,$(call closure,command),$(call objects,$(f),sanitized)) build/sanitized/libreader.a
	@echo "  link  $@"
	@$(CC) -pthread $(SANITIZE) -o $@ $^ $(STAYS_ITS_OWN) $(call libs,command)

PREFIX ?= /usr/local
install: lib static command ## Install the command, libraries, header and pkg-config file in PREFIX (/usr/local); DESTDIR as usual
	@scripts/install $(PREFIX) $(DESTDIR)

# One test program for each test/x_test.c of a folder or a room of it, from it and all objects of the folder and of what it uses.
# variant tested_folder,folder,variant: which objects of the folder it gets.
variant = $(if $(filter cmemprof-cmemprof-obj,$(1)-$(2)-$(3)),checked,$(3))
define test_rules
$(patsubst $(4)/test/%_test.c,build/$(2)/test/$(1)_%_test,$(wildcard $(4)/test/*_test.c)): build/$(2)/test/$(1)_%_test: build/$(call variant,$(1),$(1),$(2))/$(4)/test/%_test.o $(foreach f,$(call closure,$(1)),$(call objects,$(f),$(call variant,$(1),$(f),$(2)))) $(call reader,$(1),$(2))
	@mkdir -p $$(@D) && echo "  link  $$@"
	@$$(CC) -pthread $(3) -o $$@ $$^ -lcmocka $(call libs,$(1)) $(TEST_LIBS_$(1))
endef
# A sanitizer brings an allocator of its own: what tests the hooks themselves runs without one, and the hooks stay out of what runs with one.
HOOKED_TESTS := $(patsubst %,cmemprof_%_test,ages allocator_stats hook hook_cxx hook_mappings interposition interposition_static loaded_code peak mappings real_allocator profiler reclaim resident_glibc snapshot snapshot_encode)
$(foreach f,$(FOLDERS),$(foreach r,$(call tested_rooms,$(f)),$(eval $(call test_rules,$(f),obj,,$(r)))))
$(foreach f,merge series lz4 upload receiver cmemprof command,$(foreach r,$(call tested_rooms,$(f)),$(eval $(call test_rules,$(f),sanitized,$(SANITIZE),$(r)))))
.SECONDARY:

# Compares names with libdw's; e2e/names gives it files.
build/beside-libdw: build/obj/cmemprof/test/beside_libdw.o $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@echo "  link  $@"
	@$(CC) -pthread -o $@ $^ $(call libs,cmemprof) $(TEST_LIBS_cmemprof)
build/demangle: build/obj/cmemprof/test/demangle_lines.o $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@echo "  link  $@"
	@$(CC) -pthread -o $@ $^ $(call libs,cmemprof)

# ---- Set-up ----

# What is missing is installed, or named (scripts/setup). Looked at again when the script changes.
build/.setup: scripts/setup
	@scripts/setup build
	@mkdir -p build && touch $@
build/.setup-test: scripts/setup build/.setup
	@scripts/setup test
	@touch $@
build/.setup-bench: scripts/setup build/.setup
	@scripts/setup bench
	@touch $@

# ---- Demo ----

demo: build/cmemprof ## Run a SQLite service with a leak in it and show its C and Go memory (30 s; KEEP=1 keeps the page)
	@scripts/demo

# ---- Test ----

C_TESTS := $(foreach f,$(FOLDERS),$(call tests,$(f),obj))
SANITIZED_TESTS := $(foreach f,merge series lz4 upload receiver cmemprof command,$(filter-out $(HOOKED_TESTS:%=build/sanitized/test/%),$(call tests,$(f),sanitized)))
# valgrind brings one, too. It also has no vdso, mappings of its own, and an error for whoever asks the kernel whether an address is mapped.
VALGRIND_CHANGES := $(patsubst %,cmemprof_%_test,code_bytes_amd64 go_call lifecycle modules stack_memory unwind_amd64 unwind_memo unwind_walk_amd64)
VALGRIND_TESTS := $(filter-out $(patsubst %,build/obj/test/%,$(HOOKED_TESTS) $(VALGRIND_CHANGES)),$(C_TESTS))
c-tests: # names, for scripts/everywhere
	@printf '%s\n' $(C_TESTS)
valgrind-tests:
	@printf '%s\n' $(VALGRIND_TESTS)

# Both compilers take all C code without a warning, not optimised, as debuggers want it. function_index_test has a function inside of another,
# which clang does not know, and cmemprof's tests choose an optimisation for single functions, which it passes over.
COMPILED := $(foreach f,$(FOLDERS) bare,$(foreach r,$(call rooms,$(f)),$(wildcard $(r)/*.c $(r)/test/*.c)))
COMPILES := $(COMPILED:%.c=build/compiled/gcc/%) $(patsubst %.c,build/compiled/clang/%,$(filter-out cmemprof/test/function_index_test.c,$(COMPILED)))
build/compiled/gcc/%: %.c | build/.setup-test
	@mkdir -p $(@D)
	@gcc $(ALL_CFLAGS) -O0 -MMD -MP -MF $@.d -MT $@ -S -o /dev/null $< && touch $@
build/compiled/clang/%: %.c | build/.setup-test
	@mkdir -p $(@D)
	@clang $(ALL_CFLAGS) -O0 -Wno-unknown-attributes -MMD -MP -MF $@.d -MT $@ -fsyntax-only $< && touch $@
build/compiled/gcc/receiver/http/assets build/compiled/clang/receiver/http/assets: build/web/.bundled
-include $(wildcard build/compiled/*/*/*.d build/compiled/*/*/*/*.d build/compiled/*/*/*/test/*.d)

# What clang's analyser has to say of the C code: nothing. It takes minutes for all of it, so it looks again only where something has changed.
# gcc 12's is left out: it loses track of what is kept in an array's items or behind a pointer, and finds leaks and NULLs in sound code. assets.c is
# the page, byte for byte.
ANALYSED := $(filter-out receiver/http/assets.c,$(foreach f,$(FOLDERS) bare,$(call sources,$(f))))
ANALYSES := $(ANALYSED:%.c=build/compiled/analyser/%)
build/compiled/analyser/%: %.c | build/.setup-test
	@mkdir -p $(@D)
	@clang --analyze --analyzer-output text -Xclang -analyzer-werror $(ALL_CFLAGS) -MMD -MP -MF $@.d -MT $@ $< && touch $@

# What compiles is made side by side first; then one part after the other, each of which uses what processors there are.
PARTS := check test-page test-c test-sanitized test-tsan test-fuzz test-go test-programs test-datadog test-go-sqlite3 test-demo
test: build/.setup-test ## Run all tests (about 20 minutes on 2 cores)
	@$(MAKE) --no-print-directory -j$$(nproc) built
	@$(MAKE) --no-print-directory -j1 $(PARTS)
	@echo "all tests passed"
tested: lib static musl build/cmemprof build/cmemprof-sanitized build/beside-libdw build/demangle
built: tested build/web/.checked $(COMPILES) \
    $(C_TESTS) $(SANITIZED_TESTS) $(TSAN_TESTS) $(FUZZ_TARGETS) build/fuzz/seeds

check: build/.setup-test lib $(call objects,upload,obj) build/web/.checked $(COMPILES) ## Check the rules of the tree: format, layers, source lists, symbols, vet, both compilers (quick)
	@scripts/check
	@scripts/test-setup

test-analyser: build/.setup-test $(ANALYSES) ## Have clang's analyser look at all C code (minutes; again only what has changed)

# What the page works out: layout, search, filters. How it looks and answers is tested in Chromium (e2e/page).
test-page: build/web/.checked
	@node receiver/web/build.mjs test
	@node --test build/web-test/*.mjs >build/web-test/log 2>&1 && grep -E '^(#|ℹ) pass' build/web-test/log || { cat build/web-test/log; false; }
test-c: build/.setup-test $(C_TESTS)
	@scripts/run-c-tests $(C_TESTS)
# What a function leaves on its stack is often still there after its return, so a test that reads it passes here and fails elsewhere.
test-sanitized: export ASAN_OPTIONS := detect_stack_use_after_return=1:$(ASAN_OPTIONS)
test-sanitized: build/.setup-test $(SANITIZED_TESTS)
	@scripts/run-c-tests $(SANITIZED_TESTS)
# The lock-free tables under the thread sanitizer. setarch -R: gcc 12's does not know address space laid out at random in today's kernels' way.
TSAN_TABLES := $(patsubst %,build/tsan/cmemprof/%.o,block_filter live_table stack_table stack_index private_arena reserved_memory shard)
TSAN_TESTS := $(patsubst %,build/tsan/test/cmemprof_%_test,block_filter live_table stack_table private_arena reserved_memory cfi_cache tables_stress)
build/tsan/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $< (tsan)"
	@$(CC) $(ALL_CFLAGS) -Wno-tsan -fsanitize=thread -MMD -MP -c $< -o $@
build/tsan/test/cmemprof_%_test: build/tsan/cmemprof/test/%_test.o $(TSAN_TABLES)
	@mkdir -p $(@D) && echo "  link  $@"
	@$(CC) -pthread -fsanitize=thread -o $@ $^ -lcmocka -lm
test-tsan: build/.setup-test $(TSAN_TESTS)
	@setarch -R scripts/run-c-tests $(TSAN_TESTS)
# The three targets of the merge engine on inputs that are the same each time, and google/pprof's word on what they have kept.
FUZZ_TARGETS := $(foreach t,read merge delta,build/fuzz/merge_$(t))
test-fuzz: $(FUZZ_TARGETS) build/fuzz/seeds
	@merge/fuzz/run
NO_LIBCURL_PACKAGES := ./upload ./goshim/...
RACE_PACKAGES := ./goshim/... ./merge ./upload
test-go: build/.setup-test
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	go test ./...
	go test -tags cmemprof_no_libcurl $(NO_LIBCURL_PACKAGES)
	go test -race $(RACE_PACKAGES)
# Whole programs: estimates against the truth, stacks in every build mode, SQLite's results, the page in a browser. Go cannot see that what they
# build or start has changed, so nothing of it is taken from its cache.
test-programs: build/.setup-test tested
	cd e2e && go test -count=1 -p 2 -parallel 2 -timeout 15m ./...
	cd e2e/soak && go test -count=1 -timeout 15m .
# Against dd-trace-go v1.43.1 and v2 and the Datadog Agent's receiver. Modules of their own, as they want a newer Go and other versions than we do.
test-datadog: build/.setup-test lib build/cmemprof
	cd e2e/datadog && go test -count=1 -timeout 10m ./...
test-go-sqlite3: build/.setup-test lib ## Run go-sqlite3's own test suite with and without cmemprof
	scripts/test-go-sqlite3
test-demo: build/.setup-test build/cmemprof
	cd demo && go test -count=1 ./...

# ---- Long tests ----

# All of the above N times beside busy neighbours. FLAKES picks: FLAKES='build/.*/receiver_|go ./merge', FLAKES=e2e/go TEST=TestRunGo,
# FLAKES='make test-page'. The script makes what whole programs are tested with.
FLAKES ?= .
ifneq ($(filter flakes,$(MAKECMDGOALS)),)
FLAKY_PROGRAMS := $(shell printf '%s\n' $(C_TESTS) $(SANITIZED_TESTS) $(TSAN_TESTS) | grep -E -- '$(FLAKES)')
endif
by_commas = $(subst $(eval) ,$(comma),$(1))
flakes: build/.setup-test $(FLAKY_PROGRAMS) ## Run every test N=50 times under load and list what does not always pass (FLAKES=pattern picks)
	@scripts/flakes $(or $(N),50) '$(FLAKES)' $(FLAKY_PROGRAMS) -- '. ./...' '. $(call by_commas,$(NO_LIBCURL_PACKAGES)) -tags=cmemprof_no_libcurl' \
	    '. $(call by_commas,$(RACE_PACKAGES)) -race' 'e2e ./...' 'e2e/soak .' 'e2e/datadog ./...' 'demo ./...' \
	    'make test-page' 'make test-fuzz' 'make test-go-sqlite3'

# WAYS picks: WAYS='valgrind|clang'.
WAYS ?= .
everywhere: build/.setup-test ## Run the C and Go tests with other compilers, -O0 to -O3, in an awkward path, without environment, as nobody, with valgrind (an hour)
	@scripts/everywhere '$(WAYS)'

build/.setup-stress: scripts/setup build/.setup-test
	@scripts/setup stress
	@touch $@
HEALTHY_TEST := build/obj/test/receiver_analysis_healthy_test
stress: build/.setup-stress lib static musl build/cmemprof $(HEALTHY_TEST) ## Failing allocations, real programs, stacks and clients in full, healthy services with other noise, go-sqlite3's suite 20 times (hours)
	HEALTHY_SEEDS=10 scripts/run-c-tests $(HEALTHY_TEST)
	cd e2e && CMEMPROF_STRESS=full go test -count=1 -p 1 -parallel 2 -timeout 12h ./life ./names ./programs ./stacks
	cd e2e && CMEMPROF_STRESS=full go test -count=1 -timeout 2h -run Client ./receiver
	RUNS=20 scripts/test-go-sqlite3
torture: build/.setup-test lib ## Forks, dlopens, threads, starts and the like, N=100000 of each in each way of running, and all other hazards in full
	cd e2e && CMEMPROF_TORTURE=$(or $(N),100000) go test -count=1 -parallel 2 -timeout 48h -v ./hazards
soak: build/.setup-test build/cmemprof ## A busy service with the profiler and without, side by side for HOURS=2: what may grow is held against limits
	scripts/soak

# ---- Fuzz ----

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer $(WARN) $(SANITIZE)
FUZZ_OBJECTS := $(patsubst %.c,build/fuzz/%.o,$(wildcard merge/*.c lz4/*.c) $(filter-out %_fuzz.c,$(wildcard merge/fuzz/*.c)))
build/fuzz/lz4/%.o: lz4/%.c | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@
build/fuzz/merge/%.o: merge/%.c | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize-coverage=inline-8bit-counters,pc-table -MMD -MP -c $< -o $@
build/fuzz/merge/fuzz/%.o: merge/fuzz/%.c | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@
build/fuzz/merge_%: build/fuzz/merge/fuzz/%_fuzz.o $(FUZZ_OBJECTS)
	@echo "  link  $@"
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=getrandom -o $@ $^ $(LIBS_merge) $(LIBS_lz4)
build/fuzz/seeds: $(wildcard e2e/profiles/*.go e2e/profiles/seeds/*.go)
	cd e2e && go run ./profiles/seeds ../$@
	@touch $@
-include $(wildcard build/fuzz/merge/fuzz/*.d)
fuzz: fuzz-cfi fuzz-line-table fuzz-debug fuzz-demangle fuzz-merge fuzz-upload ## Fuzz the readers of call-frame information, of line numbers, of debug data, of names, of profiles and of spooled batches (FUZZ_SECONDS=60 for each)
fuzz-merge: $(FUZZ_TARGETS) build/fuzz/seeds
	@merge/fuzz/run $(FUZZ_SECONDS)
build/fuzz/cfi_fuzz: cmemprof/fuzz/cfi_fuzz.c $(wildcard cmemprof/cfi*) $(wildcard cmemprof/code_objects.*) | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)
build/fuzz/cfi_seeds: cmemprof/fuzz/cfi_seeds.c
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -o $@ $<
fuzz-cfi: build/fuzz/cfi_fuzz build/fuzz/cfi_seeds
	@mkdir -p build/fuzz/cfi && build/fuzz/cfi_seeds build/fuzz/cfi
	@mkdir -p build/fuzz/corpus/cfi
	@build/fuzz/cfi_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=49160 -timeout=5 -verbosity=0 -print_final_stats=1 build/fuzz/corpus/cfi build/fuzz/cfi
build/fuzz/line_table_fuzz: cmemprof/fuzz/line_table_fuzz.c $(wildcard cmemprof/line_table* cmemprof/symbolizer_arena.* cmemprof/cgroup_memory.* cmemprof/address_order.* cmemprof/dwarf_bytes.*) cmemprof/test/elf_writer.h | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^) -ldw -lelf
build/fuzz/line_table_seeds: cmemprof/fuzz/line_table_seeds.c | build/.setup-test
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -o $@ $< -lelf
# What the two compilers write, in DWARF 2 to 5 and 64 bits wide.
LINE_OBJECTS := $(foreach v,2 3 4 5,build/fuzz/line/gcc-$v.so build/fuzz/line/clang-$v.so) build/fuzz/line/clang-64.so
LINE_SOURCES := cmemprof/address_order.c cmemprof/cfi_program.c cmemprof/inflate.c
build/fuzz/line/gcc-%.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -gdwarf-$* -shared -o $@ $^
build/fuzz/line/clang-64.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(FUZZ_CC) $(ALL_CFLAGS) -gdwarf-5 -gdwarf64 -shared -o $@ $^
build/fuzz/line/clang-%.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(FUZZ_CC) $(ALL_CFLAGS) -gdwarf-$* -shared -o $@ $^
fuzz-line-table: build/fuzz/line_table_fuzz build/fuzz/line_table_seeds $(LINE_OBJECTS)
	@mkdir -p build/fuzz/line_table build/fuzz/corpus/line_table && build/fuzz/line_table_seeds build/fuzz/line_table $(LINE_OBJECTS)
	@build/fuzz/line_table_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -timeout=5 -verbosity=0 -print_final_stats=1 build/fuzz/corpus/line_table build/fuzz/line_table
# The same objects whole, and compressed, and their debug data in packages of both kinds.
DEBUG_OBJECTS := $(LINE_OBJECTS) build/fuzz/line/gcc-zlib.so build/fuzz/line/4.dwp build/fuzz/line/5.dwp
build/fuzz/line/%.dwp: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D)/split-$* && for source in $(LINE_SOURCES); do \
	    $(FUZZ_CC) $(ALL_CFLAGS) -gdwarf-$* -gsplit-dwarf -c -o $(@D)/split-$*/$$(basename $$source .c).o $$source || exit 1; done
	@llvm-dwp -o $@ $(@D)/split-$*/*.dwo
build/fuzz/line/gcc-zlib.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -gz=zlib -shared -o $@ $^
DEBUG_READER := symbolizer_arena cgroup_memory address_order dwarf_% elf_% inflate function_index line_table line_table_header
build/fuzz/debug_fuzz: cmemprof/fuzz/debug_fuzz.c $(filter $(patsubst %,cmemprof/%.c,$(DEBUG_READER)) $(patsubst %,cmemprof/%.h,$(DEBUG_READER)),$(wildcard cmemprof/*)) | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)
build/fuzz/debug_seeds: cmemprof/fuzz/debug_seeds.c | build/.setup-test
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -o $@ $<
fuzz-debug: build/fuzz/debug_fuzz build/fuzz/debug_seeds $(DEBUG_OBJECTS)
	@mkdir -p build/fuzz/debug build/fuzz/corpus/debug && build/fuzz/debug_seeds build/fuzz/debug $(DEBUG_OBJECTS)
	@build/fuzz/debug_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=262144 -timeout=5 -verbosity=0 -print_final_stats=1 build/fuzz/corpus/debug build/fuzz/debug
build/fuzz/demangle_fuzz: cmemprof/fuzz/demangle_fuzz.c $(wildcard cmemprof/demangle*) $(wildcard cmemprof/symbolizer_arena.* cmemprof/cgroup_memory.*) | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)
# One file for each name that the tests have.
build/fuzz/demangle/.made: $(wildcard cmemprof/test/demangle*_test.c)
	@mkdir -p $(@D) && cat $^ | grep -oE '"_[ZR][^"]*"' | tr -d '"' | awk '{ file = "$(@D)/" NR; printf "%s", $$0 >file; close(file) }' && touch $@
fuzz-demangle: build/fuzz/demangle_fuzz build/fuzz/demangle/.made
	@mkdir -p build/fuzz/corpus/demangle
	@build/fuzz/demangle_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=2048 -timeout=5 -verbosity=0 -print_final_stats=1 build/fuzz/corpus/demangle build/fuzz/demangle
build/fuzz/upload_batch: upload/fuzz/batch_fuzz.c upload/batch.c upload/batch.h upload/upload.h | build/.setup-test
	@mkdir -p $(@D) && echo "  clang $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)
build/fuzz/upload_seeds: upload/fuzz/batch_seeds.c upload/batch.c
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -o $@ $^
fuzz-upload: build/fuzz/upload_batch build/fuzz/upload_seeds
	@mkdir -p build/fuzz/upload build/fuzz/corpus/upload && build/fuzz/upload_seeds build/fuzz/upload
	@build/fuzz/upload_batch -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=5 -verbosity=0 -print_final_stats=1 build/fuzz/corpus/upload build/fuzz/upload

# ---- Bench ----

bench: build/.setup-bench lib ## Measure the cost beside peers; tables also in build/bench-*.tsv
	bench/run
bench-capture: build/.setup-bench lib
	bench/run capture
bench-harm: build/.setup-bench lib ## Measure what sampling does to its host's memory, on each allocator (LOADS=all: every load, hours)
	bench/harm $(LOADS)
bench-merge: build/.setup-bench lib
	bench/run merge
bench-profiler: build/.setup-bench lib
	bench/run profiler
bench-receiver: build/.setup-bench build/cmemprof
	bench/run receiver
bench-page: build/.setup-test build/cmemprof ## Measure how long the page takes to draw a flame graph of 100,000 nodes, to zoom and to search in it
	cd e2e && go test -run '^$$' -bench FlameGraph -benchtime 1x ./page

clean: ## Remove build/
	rm -rf build
