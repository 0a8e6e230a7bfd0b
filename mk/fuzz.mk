# Fuzzers: included by the Makefile. Corpora are kept in build/fuzz/corpus.

FUZZ_SECONDS ?= 60
# What is tested tells libFuzzer which of its branches an input has taken, and, but for the merge engine, whose targets change profiles
# themselves, what its values were compared with.
FLAGS_fuzz = $(SANITIZE) $(CHECKED) $(if $(filter merge/fuzz/%,$*),,$(if $(filter merge/%,$*),-fsanitize-coverage=inline-8bit-counters$(comma)pc-table,-fsanitize=fuzzer-no-link))
$(eval $(call variant,fuzz,$$(FUZZ_CC),build/.setup-test))
-include $(wildcard build/fuzz/*/fuzz/*.d)

FUZZERS := cfi line_table debug machine_code demangle perf_map merge upload recording otlp foreign export pyroscope inflate pack event query mcp http
FOREIGN_READERS := $(shell sed -n 's/.*\[FOREIGN_.*\] = "\(.*\)",$$/\1/p' foreign/fuzz/readers.h)
FUZZ_GOALS := $(subst _,-,$(FUZZERS:%=fuzz-%))
.PHONY: fuzz fuzz-all $(FUZZ_GOALS)
fuzz: $(FUZZ_GOALS) ## Fuzz all readers: call-frame information, line numbers, debug data, instructions, names, profiles, spooled batches, recordings, requests in OTLP, files of other tools and for them, packed data, packs of uploads, events, queries, messages for assistants, HTTP (FUZZ_SECONDS=60 for each)
fuzz-all: ## The same for HOURS=8 in all; build/fuzz/executions has the numbers
	@$(MAKE) --no-print-directory -k fuzz FUZZ_SECONDS=$$(($(or $(HOURS),8) * 3600 / $(words $(filter-out foreign,$(FUZZERS)) $(FOREIGN_READERS))))

# ---- Merge engine: three targets, google/pprof's word on what they have kept, and no memory now and then ----

FUZZ_TARGETS := $(foreach t,read merge delta,build/fuzz/merge_$(t))
FUZZ_OBJECTS := $(patsubst %.c,build/fuzz/%.o,$(wildcard merge/*.c codecs/*.c) $(filter-out %_fuzz.c,$(wildcard merge/fuzz/*.c)))
build/fuzz/merge_%: build/fuzz/merge/fuzz/%_fuzz.o $(FUZZ_OBJECTS)
	@echo "  link  $@"
	@$(FUZZ_CC) $(LDFLAGS) -fsanitize=fuzzer,address,undefined -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=getrandom -o $@ $^ $(LIBS_codecs)
build/fuzz/seeds: $(wildcard e2e/profiles/*.go e2e/profiles/seeds/*.go)
	cd e2e && go run ./profiles/seeds ../$@
	@touch $@
fuzz-merge: $(FUZZ_TARGETS) build/fuzz/seeds
	@merge/fuzz/run $(FUZZ_SECONDS)

# ---- Readers: one target each ----

# fuzzer NAME,SOURCES,LIBRARIES[,ARCHIVE]: build/fuzz/NAME_fuzz from the target and what it tests, with what that needs of an archive.
define fuzzer
READER_FUZZERS += build/fuzz/$(1)_fuzz
build/fuzz/$(1)_fuzz: $(patsubst %.c,build/fuzz/%.o,$(2)) $(4)
	@echo "  link  $$@"
	@$$(FUZZ_CC) $$(LDFLAGS) $$(SANITIZE) -fsanitize=fuzzer -o $$@ $$^ $(3)
endef
# run_fuzzer NAME,LONGEST INPUT[,OPTIONS[,TARGET]]: from its seeds, and on from its last corpus, which it extends. An input that fails stays in
# build/fuzz/NAME-*. TARGET is another's target. Choosing inputs by rare features
# (entropic) and ASan's long stacks and large quarantine would take a tenth to a fifth of the time.
FUZZ_ASAN := malloc_context_size=2:quarantine_size_mb=2:thread_local_quarantine_size_kb=128
FUZZ_LIMIT = -max_total_time=$(FUZZ_SECONDS)
FUZZ_CORPUS = build/fuzz/corpus
run_fuzzer = mkdir -p $(FUZZ_CORPUS)/$(1) build/fuzz/$(1) && \
    { ASAN_OPTIONS=$(FUZZ_ASAN):$$ASAN_OPTIONS build/fuzz/$(or $(4),$(1))_fuzz $(FUZZ_LIMIT) -max_len=$(2) -timeout=25 -entropic=0 -reload=0 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/$(1)- $(3) $(FUZZ_CORPUS)/$(1) build/fuzz/$(1) >build/fuzz/$(1).log 2>&1 || failed=1; \
      runs=$$(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/$(1).log); echo "$(1) $${runs:-0}" >>build/fuzz/executions; \
      echo "fuzz: $(1): $${runs:-0} executions, $$(find $(FUZZ_CORPUS)/$(1) -type f | wc -l) inputs kept"; \
      [ -z "$$failed" ] || { grep -aE 'check failed|runtime error|ERROR: |SUMMARY|Test unit written' build/fuzz/$(1).log >&2; false; }; }
# seeds NAME[,OBJECTS]: the program that writes them does so.
seeds = mkdir -p build/fuzz/$(1) && build/fuzz/$(1)_seeds build/fuzz/$(1) $(2)
of_cmemprof = $(filter $(patsubst %,cmemprof/%.c,$(1)),$(wildcard cmemprof/*.c))
ARENA := symbolizer_arena cgroup_memory
$(eval $(call fuzzer,cfi,cmemprof/fuzz/cfi_fuzz.c $(call of_cmemprof,cfi% code_objects code_loader% stack_memory),-ldl))
$(eval $(call fuzzer,line_table,cmemprof/fuzz/line_table_fuzz.c $(call of_cmemprof,line_table% $(ARENA) address_order dwarf_bytes),-ldw -lelf))
$(eval $(call fuzzer,debug,cmemprof/fuzz/debug_fuzz.c $(call of_cmemprof,$(ARENA) address_order dwarf_% elf_% inflate function_index line_table line_table_header unit_digest) merge/memory.c))
$(eval $(call fuzzer,machine_code,command/fuzz/machine_code_fuzz.c $(patsubst %,command/symbols/%.c,build_file capstone machine_code_files plt symbol_file) receiver/base/folder_file.c \
    $(call of_cmemprof,$(ARENA) address_order debug_files demangle% dwarf_bytes elf_file elf_symbols)))
$(eval $(call fuzzer,demangle,cmemprof/fuzz/demangle_fuzz.c $(call of_cmemprof,demangle% $(ARENA))))
$(eval $(call fuzzer,perf_map,cmemprof/fuzz/perf_map_fuzz.c $(call of_cmemprof,perf_map $(ARENA) address_order)))
$(eval $(call fuzzer,upload,upload/fuzz/batch_fuzz.c upload/batch.c))
OF_MERGE := $(wildcard merge/*.c codecs/*.c)
$(eval $(call fuzzer,recording,jfr/fuzz/recording_fuzz.c $(wildcard jfr/*.c) $(OF_MERGE),$(LIBS_codecs)))
$(eval $(call fuzzer,otlp,otlp/fuzz/otlp_fuzz.c $(wildcard otlp/*.c) $(OF_MERGE),$(LIBS_codecs)))
$(eval $(call fuzzer,foreign,foreign/fuzz/foreign_fuzz.c $(wildcard foreign/*.c) $(OF_MERGE),$(LIBS_codecs) -lm))
$(eval $(call fuzzer,pyroscope,pyroscope/fuzz/pyroscope_fuzz.c $(wildcard pyroscope/*.c) $(OF_MERGE),$(LIBS_codecs)))
OF_RECEIVER := $(call sources,receiver) $(foreach f,$(USES_receiver) base,$(call sources,$(f)))
# What these need of the receiver, whatever that needs: the linker finds it, but for the codecs, of which the merge engine does with those that are there.
RECEIVER := build/fuzz/receiver.a
$(RECEIVER): $(patsubst %.c,build/fuzz/%.o,$(sort $(OF_RECEIVER)))
	@rm -f $@ && ar rcs $@ $^
$(eval $(call fuzzer,inflate,codecs/fuzz/inflate_fuzz.c $(OF_MERGE),$(LIBS_codecs)))
$(foreach f,export pack event query http,$(eval $(call fuzzer,$(f),receiver/fuzz/$(f)_fuzz.c $(wildcard codecs/*.c),$$(call libs,receiver),$(RECEIVER))))
# What the tools share with `cmemprof top`.
OF_MCP := $(wildcard command/mcp/*.c) $(patsubst %,command/report/%.c,filter flat_cum frame_table sample_frames top) \
    $(patsubst %,command/base/%.c,diagnostic progress text web_address) $(patsubst %,client/%.c,address answer curl_setup download) $(wildcard codecs/*.c)
$(eval $(call fuzzer,mcp,command/fuzz/mcp_fuzz.c $(OF_MCP),$(call libs,receiver) -lcurl,$(RECEIVER)))
build/fuzz/receiver/http/assets.o: build/web/.bundled

OF_PACK := $(wildcard receiver/pack/*.c) receiver/base/failure.c receiver/base/cache.c
define seeds_program
build/fuzz/$(1)_seeds: $(patsubst %.c,build/obj/%.o,$(2))
	@mkdir -p $$(@D) && $$(LINK) -o $$@ $$^ $(3)
endef
$(eval $(call seeds_program,cfi,cmemprof/fuzz/cfi_seeds.c))
$(eval $(call seeds_program,line_table,cmemprof/fuzz/line_table_seeds.c,-lelf))
$(eval $(call seeds_program,debug,cmemprof/fuzz/debug_seeds.c))
$(eval $(call seeds_program,inflate,codecs/fuzz/inflate_seeds.c $(OF_MERGE),$(LIBS_codecs)))
$(eval $(call seeds_program,pack,receiver/fuzz/pack_seeds.c $(OF_PACK),-ldeflate -lzstd))
$(eval $(call seeds_program,http,receiver/fuzz/http_seeds.c))
$(eval $(call seeds_program,upload,upload/fuzz/batch_seeds.c upload/batch.c))
$(eval $(call seeds_program,recording,jfr/fuzz/recording_seeds.c $(wildcard jfr/*.c) $(OF_MERGE),$(LIBS_codecs)))
$(eval $(call seeds_program,otlp,otlp/fuzz/otlp_seeds.c $(wildcard otlp/*.c) $(OF_MERGE),$(LIBS_codecs)))
$(eval $(call seeds_program,foreign,foreign/fuzz/foreign_seeds.c $(wildcard foreign/*.c) $(OF_MERGE),$(LIBS_codecs) -lm))
$(eval $(call seeds_program,pyroscope,pyroscope/fuzz/pyroscope_seeds.c $(wildcard pyroscope/*.c) $(OF_MERGE),$(LIBS_codecs)))

# What the two compilers write, in DWARF 2 to 5 and 64 bits wide.
LINE_OBJECTS := $(foreach v,2 3 4 5,build/fuzz/line/gcc-$v.so build/fuzz/line/clang-$v.so) build/fuzz/line/clang-64.so
LINE_SOURCES := cmemprof/address_order.c cmemprof/cfi_program.c cmemprof/inflate.c
build/fuzz/line/gcc-%.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -gdwarf-$* -shared -o $@ $^
build/fuzz/line/clang-64.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(FUZZ_CC) $(ALL_CFLAGS) -gdwarf-5 -gdwarf64 -shared -o $@ $^
build/fuzz/line/clang-%.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(FUZZ_CC) $(ALL_CFLAGS) -gdwarf-$* -shared -o $@ $^
# The same objects whole, and compressed, and their debug data in packages of both kinds.
DEBUG_OBJECTS := $(LINE_OBJECTS) build/fuzz/line/gcc-zlib.so build/fuzz/line/4.dwp build/fuzz/line/5.dwp
build/fuzz/line/%.dwp: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D)/split-$* && for source in $(LINE_SOURCES); do \
	    $(FUZZ_CC) $(ALL_CFLAGS) -gdwarf-$* -gsplit-dwarf -c -o $(@D)/split-$*/$$(basename $$source .c).o $$source || exit 1; done
	@llvm-dwp -o $@ $(@D)/split-$*/*.dwo
build/fuzz/line/gcc-zlib.so: $(LINE_SOURCES) | build/.setup-test
	@mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -gz=zlib -shared -o $@ $^
# Small ones of both machines, with stubs of the linker's.
MACHINE_CODE_OBJECTS := $(foreach m,native arm64,build/fuzz/line/code-$m.so)
build/fuzz/line/code-%.so: command/fuzz/machine_code_seed.c | build/.setup-test
	@mkdir -p $(@D) && $(if $(filter arm64,$*),$(or $(shell command -v aarch64-linux-gnu-gcc),$(CC)),$(CC)) -O1 -fPIC -shared -Wl,--build-id -Wl,-z,max-page-size=4096 -o $@ $<
# One file for each name that the tests have.
build/fuzz/demangle/.made: $(wildcard cmemprof/test/demangle*_test.c)
	@mkdir -p $(@D) && cat $^ | grep -oE '"_[ZR][^"]*"' | tr -d '"' | awk '{ file = "$(@D)/" NR; printf "%s", $$0 >file; close(file) }' && touch $@

fuzz-cfi: build/fuzz/cfi_fuzz build/fuzz/cfi_seeds
	@$(call seeds,cfi)
	@$(call run_fuzzer,cfi,49160)
fuzz-line-table: build/fuzz/line_table_fuzz build/fuzz/line_table_seeds $(LINE_OBJECTS)
	@$(call seeds,line_table,$(LINE_OBJECTS))
	@$(call run_fuzzer,line_table,16384)
fuzz-debug: build/fuzz/debug_fuzz build/fuzz/debug_seeds $(DEBUG_OBJECTS)
	@$(call seeds,debug,$(DEBUG_OBJECTS))
	@$(call run_fuzzer,debug,262144)
fuzz-machine-code: build/fuzz/machine_code_fuzz build/fuzz/debug_seeds $(MACHINE_CODE_OBJECTS)
	@mkdir -p build/fuzz/machine_code && build/fuzz/debug_seeds build/fuzz/machine_code $(MACHINE_CODE_OBJECTS)
	@$(call run_fuzzer,machine_code,32768)
fuzz-demangle: build/fuzz/demangle_fuzz build/fuzz/demangle/.made
	@$(call run_fuzzer,demangle,2048)
fuzz-perf-map: build/fuzz/perf_map_fuzz
	@mkdir -p build/fuzz/perf_map && printf '1000 10 one\n1000 8 JS:^f /a.js:1:2\n0x2000 20 LazyCompile:*g file:///b.mjs:33:4\n' >build/fuzz/perf_map/seed
	@$(call run_fuzzer,perf_map,2048)
fuzz-upload: build/fuzz/upload_fuzz build/fuzz/upload_seeds
	@$(call seeds,upload)
	@$(call run_fuzzer,upload,4096)
fuzz-recording: build/fuzz/recording_fuzz build/fuzz/recording_seeds
	@$(call seeds,recording)
	@cp testdata/jfr/*.jfr.gz build/fuzz/recording
	@$(call run_fuzzer,recording,65536,-dict=jfr/fuzz/recording.dict)
fuzz-pyroscope: build/fuzz/pyroscope_fuzz build/fuzz/pyroscope_seeds
	@$(call seeds,pyroscope)
	@$(call run_fuzzer,pyroscope,8192)
fuzz-otlp: build/fuzz/otlp_fuzz build/fuzz/otlp_seeds
	@$(call seeds,otlp)
	@$(call run_fuzzer,otlp,32768)
# One run for each reader. A change far behind in a long file says no more than one near its beginning, and takes longer.
fuzz-foreign: build/fuzz/foreign_fuzz build/fuzz/foreign_seeds
	@$(call seeds,foreign,$(filter-out %.sh,$(wildcard testdata/foreign/*)))
	@all=; $(foreach r,$(FOREIGN_READERS),export FOREIGN_READER=$(r); ($(call run_fuzzer,foreign/$(r),8192,,foreign)) || all=failed; ) [ -z "$$all" ]
# From the profiles that the merge engine is fuzzed with.
fuzz-export: build/fuzz/export_fuzz build/fuzz/seeds
	@mkdir -p build/fuzz/export && find build/fuzz/seeds -type f -size -32k -exec cp -t build/fuzz/export {} +
	@$(call run_fuzzer,export,8192)

CAPTURED := $(wildcard testdata/captures/*/*/body.bin)
fuzz-inflate: build/fuzz/inflate_fuzz build/fuzz/inflate_seeds
	@$(call seeds,inflate)
	@$(call run_fuzzer,inflate,65536)
fuzz-pack: build/fuzz/pack_fuzz build/fuzz/pack_seeds
	@$(call seeds,pack)
	@$(call run_fuzzer,pack,16384)
# The events of real uploads, of which each is a line.
build/fuzz/event/.made: $(CAPTURED)
	@mkdir -p $(@D) && cat $^ | grep -aE '^\{.*"tags_profiler"' | awk '{ file = "$(@D)/" NR; printf "%s", $$0 >file; close(file) }' && touch $@
fuzz-event: build/fuzz/event_fuzz build/fuzz/event/.made
	@$(call run_fuzzer,event,8192,-dict=receiver/fuzz/event.dict)
fuzz-query: build/fuzz/query_fuzz
	@$(call run_fuzzer,query,2048,-dict=receiver/fuzz/query.dict)
fuzz-mcp: build/fuzz/mcp_fuzz
	@mkdir -p build/fuzz/mcp && command/fuzz/mcp_seeds.sh build/fuzz/mcp
	@$(call run_fuzzer,mcp,20000,-dict=command/fuzz/mcp.dict)
fuzz-http: build/fuzz/http_fuzz build/fuzz/http_seeds
	@$(call seeds,http,$(CAPTURED))
	@$(call run_fuzzer,http,150000,-dict=receiver/fuzz/http.dict -detect_leaks=0)
