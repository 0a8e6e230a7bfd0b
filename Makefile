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

# What each folder uses of ours, and the system libraries it links. The layers point one way only; scripts/check-layers holds them to it.
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
objects = $(patsubst %.c,build/$(2)/%.o,$(call sources,$(1)))
tests = $(patsubst $(1)/test/%_test.c,build/$(2)/test/$(1)_%_test,$(wildcard $(1)/test/*_test.c))
closure = $(1) $(USES_$(1))
libs = $(foreach f,$(call closure,$(1)),$(LIBS_$(f)))

.PHONY: help setup setup-test lib command demo test test-c test-sanitized test-go test-long check format bench clean
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# ---- Build ----

build/obj/%.o: %.c | build/.setup
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
build/sanitized/%.o: %.c | build/.setup
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@
-include $(wildcard build/*/*/*.d build/*/*/test/*.d)

# The page is part of the binary (receiver/assets.c includes it byte for byte).
build/obj/receiver/assets.o build/sanitized/receiver/assets.o: $(wildcard receiver/web/*)

lib: build/libcmemprof.a build/libcmemprof.so ## Build the static and the shared library
build/libcmemprof.a: $(call objects,cmemprof,obj) $(call objects,merge,obj)
	@rm -f $@
	ar rcs $@ $^
# nodelete: hooks that the loader has bound can never go away (docs/capture.md).
build/libcmemprof.so: $(call objects,cmemprof,obj) $(call objects,merge,obj) cmemprof/exports.map
	$(CC) -shared -o $@ $(filter %.o,$^) -Wl,-z,nodelete -Wl,-z,now -Wl,--version-script=cmemprof/exports.map $(call libs,cmemprof)

command: build/cmemprof ## Build the program cmemprof (receiver, top)
build/cmemprof: $(foreach f,command receiver merge,$(call objects,$(f),obj))
	$(CC) -pthread -o $@ $^ $(call libs,command) $(LIBS_receiver) $(LIBS_merge)

# One test program for each folder/test/x_test.c, from it and all objects of the folder and of what it uses.
define test_rules
build/$(2)/test/$(1)_%_test: build/$(2)/$(1)/test/%_test.o $(foreach f,$(call closure,$(1)),$(call objects,$(f),$(2)))
	@mkdir -p $$(@D)
	$$(CC) -pthread $(3) -o $$@ $$^ -lcmocka $(EXTRA_TEST_LIBS_$(1)) $(call libs,$(1))
endef
EXTRA_TEST_LIBS_merge := -lprotobuf-c
$(foreach f,merge upload receiver cmemprof,$(eval $(call test_rules,$(f),obj,)))
$(foreach f,merge upload receiver,$(eval $(call test_rules,$(f),sanitized,$(SANITIZE))))
.SECONDARY:

# ---- Test ----

C_TESTS := $(foreach f,merge upload receiver cmemprof,$(call tests,$(f),obj))
SANITIZED_TESTS := $(foreach f,merge upload receiver,$(call tests,$(f),sanitized))

clean: ## Remove build/
	rm -rf build
