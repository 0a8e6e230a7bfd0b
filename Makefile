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

# What each folder uses of ours, and the system libraries it links. The layers point one way only; scripts/check holds them to it.
USES_merge :=
USES_upload :=
USES_receiver := merge
USES_cmemprof := merge
USES_command := receiver merge
LIBS_merge := -ldeflate -lzstd
LIBS_upload := -lcurl
LIBS_receiver := -lmicrohttpd -lsqlite3
LIBS_cmemprof := -ldw -lelf -ldl -lm
LIBS_command :=
FOLDERS := merge upload receiver cmemprof command

sources = $(wildcard $(1)/*.c)
objects = $(patsubst %.c,build/$(2)/%.o,$(filter-out $(if $(filter sanitized,$(2)),cmemprof/hook.c) command/main.c,$(call sources,$(1))))
tests = $(patsubst $(1)/test/%_test.c,build/$(2)/test/$(1)_%_test,$(wildcard $(1)/test/*_test.c))
closure = $(1) $(USES_$(1))
libs = $(foreach f,$(call closure,$(1)),$(LIBS_$(f)))

.PHONY: help lib command demo test check test-c test-sanitized test-go test-programs test-go-sqlite3 test-demo bench clean
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# ---- Build ----

build/obj/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
build/sanitized/%.o: %.c | build/.setup
	@mkdir -p $(@D) && echo "  cc    $< (sanitized)"
	@$(CC) $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@
-include $(wildcard build/*/*/*.d build/*/*/test/*.d)

# The page is part of the binary (receiver/assets.c includes it byte for byte).
build/obj/receiver/assets.o build/sanitized/receiver/assets.o: $(wildcard receiver/web/*)

lib: build/libcmemprof.a build/libcmemprof.so ## Build the static and the shared library
build/libcmemprof.a: $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@rm -f $@ && echo "  ar    $@"
	@ar rcs $@ $^
# nodelete: hooks that the loader has bound can never go away.
build/libcmemprof.so: $(call objects,cmemprof,obj) $(call objects,merge,obj) cmemprof/exports.map
	@echo "  link  $@"
	@$(CC) -shared -o $@ $(filter %.o,$^) -Wl,-z,nodelete -Wl,-z,now -Wl,--version-script=cmemprof/exports.map $(call libs,cmemprof)

command: build/cmemprof ## Build the program cmemprof (receiver, top)
build/cmemprof: build/obj/command/main.o $(foreach f,command receiver merge,$(call objects,$(f),obj))
	@echo "  link  $@"
	@$(CC) -pthread -o $@ $^ $(call libs,command) $(LIBS_receiver) $(LIBS_merge)

# One test program for each folder/test/x_test.c, from it and all objects of the folder and of what it uses.
define test_rules
build/$(2)/test/$(1)_%_test: build/$(2)/$(1)/test/%_test.o $(foreach f,$(call closure,$(1)),$(call objects,$(f),$(2)))
	@mkdir -p $$(@D) && echo "  link  $$@"
	@$$(CC) -pthread $(3) -o $$@ $$^ -lcmocka $(call libs,$(1))
endef
# A sanitizer brings an allocator of its own: what tests the hooks themselves runs without one, and the hooks stay out of what runs with one.
HOOKED_TESTS := $(foreach t,hook next_allocator snapshot,build/sanitized/test/cmemprof_$(t)_test)
$(foreach f,merge upload receiver cmemprof command,$(eval $(call test_rules,$(f),obj,)))
$(foreach f,merge upload receiver cmemprof command,$(eval $(call test_rules,$(f),sanitized,$(SANITIZE))))
.SECONDARY:

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

C_TESTS := $(foreach f,merge upload receiver cmemprof command,$(call tests,$(f),obj))
SANITIZED_TESTS := $(foreach f,merge upload receiver cmemprof command,$(filter-out $(HOOKED_TESTS),$(call tests,$(f),sanitized)))

test: check test-c test-sanitized test-go test-programs test-go-sqlite3 test-demo ## Run all tests (about 8 minutes on 2 cores)
	@echo "all tests passed"

check: build/.setup-test lib $(call objects,upload,obj) ## Check the rules of the tree: format, layers, source lists, symbols, vet (quick)
	@scripts/check

test-c: build/.setup-test $(C_TESTS)
	@scripts/run-c-tests $(C_TESTS)
test-sanitized: build/.setup-test $(SANITIZED_TESTS)
	@scripts/run-c-tests $(SANITIZED_TESTS)
test-go: build/.setup-test
	go test ./...
	go test -race ./goshim/... ./merge ./upload
# Whole programs: estimates against the truth, stacks in every build mode, SQLite's results, the page in a browser. Go cannot see that what they
# build or start has changed, so nothing of it is taken from its cache.
test-programs: build/.setup-test lib build/cmemprof
	cd testdata && go vet ./... && go test -count=1 -timeout 15m ./...
test-go-sqlite3: build/.setup-test ## Run go-sqlite3's own test suite with and without cmemprof
	scripts/test-go-sqlite3
test-demo: build/.setup-test build/cmemprof
	cd demo && go vet ./... && go test -count=1 ./...

# ---- Bench ----

bench: build/.setup-bench lib ## Measure the cost beside peers; tables also in build/bench-*.tsv
	bench/run

clean: ## Remove build/
	rm -rf build
