# Builds, tests and shows cmemprof. `make help` lists the targets; mk/ holds those of tests, fuzzers and benchmarks.
#
# A folder is its own source list: folder/*.c is the code, folder/test/*_test.c its tests, one program each. Go compiles exactly the same
# files through folder/binding.go. Everything that is made lands in build/. CC, CPPFLAGS, CFLAGS, LDFLAGS, PREFIX and DESTDIR are yours.

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The machine that it is for, by Debian's names. Another one's is built with Debian's cross compiler in build/ARCH/, a folder of links, where
# everything lands in build/ARCH/build/. The C libraries that tests and the command link come from build/root-ARCH (make deps-ARCH), if it is there.
NATIVE := $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(shell uname -m)))
ARCH ?= $(NATIVE)
ifneq ($(or $(CROSS_ROOT),$(filter $(NATIVE),$(ARCH))),)
export CROSS_ROOT
ifneq ($(ARCH),$(NATIVE))
CROSS := $(patsubst amd64,x86_64,$(patsubst arm64,aarch64,$(ARCH)))-linux-gnu-
endif
OTHER_ARCH := $(filter-out $(ARCH),amd64 arm64)
of_arch = $(filter-out %_$(OTHER_ARCH).c %_$(OTHER_ARCH)_test.c,$(1))

ifeq ($(origin CC),default)
CC := $(strip $(CROSS)gcc $(if $(shell [ -f "$(CROSS_ROOT)/packages" ] && echo yes),--sysroot="$(CROSS_ROOT)"))
endif
# Objects that some folder has compiled before come out of ccache, where it is installed and may write. CCACHE= does without.
ifeq ($(origin CCACHE),undefined)
CCACHE := $(shell folder=$$(ccache -k cache_dir 2>/dev/null) && mkdir -p "$$folder" 2>/dev/null && [ -w "$$folder" ] && echo ccache)
endif
# Go builds all C code again in each folder that this tree is cloned into, and for each way of building: 45 s of CPU each. So make test builds nearly all of
# it without the folder's name (-trimpath), and it comes out of Go's own cache; and what has changed is compiled through ccache, by a folder of compilers'
# names on the PATH, so that the C files beside it are not compiled again. What is built with it (scripts/test-go-versions) has C's as -trimpath writes them,
# and the same objects. ccache is told what makes no difference: the number that Go gives each compilation, and, as neither way writes it, the folder, nor
# what is written instead. A hit is direct, without the preprocessor, if it also passes over Go's temporary folder, which is
# a -I of two words: the headers that a file was compiled with are compared all the same, those of this tree by their place in it. Folders of one word, as in
# -Ifolder, are part of what is looked up, and ours are written so (scripts/check): a header of the same name in another folder is not taken for this one.
CACHED_COMPILERS := $(if $(CCACHE),$(firstword $(wildcard /usr/lib/ccache/bin /usr/lib/ccache /usr/lib64/ccache)))
THROUGH_CCACHE = $(if $(CACHED_COMPILERS),PATH="$(CACHED_COMPILERS):$$PATH" CCACHE_SLOPPINESS=random_seed CCACHE_NOHASHDIR=1 \
    CCACHE_BASEDIR="$(CURDIR)" CCACHE_IGNOREOPTIONS="-ffile-prefix-map=* $(if $(filter -I,$(CGO_CFLAGS) $(CGO_CPPFLAGS) $(CGO_CXXFLAGS)),,-I)")
TRIMMED = env $(THROUGH_CCACHE) GOFLAGS="$$(go env GOFLAGS) -trimpath"
MUSL_CC ?= $(if $(CROSS),$(CROSS)gcc -specs "$(CROSS_ROOT)/usr/lib/$(patsubst %-gnu-,%-musl,$(CROSS))/musl-gcc.specs",musl-gcc)
FUZZ_CC ?= clang
CFLAGS ?= -O2 -g
# make test sets it to -Werror, and so should who changes the code (docs/CONTRIBUTING.md): another compiler may warn of more.
WERROR ?=
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# Folders are named as seen from the root of the tree, so that builds in two places are the same bytes (scripts/test-reproducible); another machine's
# headers as seen there.
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -fPIC -pthread -fno-omit-frame-pointer -ffile-prefix-map="$$PWD"=. $(if $(CROSS_ROOT),-ffile-prefix-map="$(CROSS_ROOT)"=) $(WARN) $(CPPFLAGS) $(CFLAGS)
ALL_CFLAGS := $(BASE_CFLAGS) $(WERROR)
LINK = $(CC) -pthread $(CFLAGS) $(LDFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# What is shipped is hardened (SECURITY.md, e2e/command/hardened_test.go). Each of these only where the compiler has it, and FORTIFY where the code is optimised and nobody has
# decided about it. Debug builds, sanitizers and fuzzers are without.
has = $(shell echo | $(CC) $(1) -Werror -x c -c -o /dev/null - 2>/dev/null && echo $(1))
HARDEN := -fstack-protector-strong $(or $(call has,-fcf-protection=full),$(call has,-mbranch-protection=standard))
ifneq ($(filter -O1 -O2 -O3 -Os,$(CFLAGS)),)
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),)
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
endif
HARDEN_LINK := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
# Tests have checks that what is shipped is without (base/check.h, cmemprof/lock_order.h).
CHECKED := -DCMEMPROF_CHECKS -DCMEMPROF_CHECK_LOCK_ORDER

VERSION := $(shell scripts/version)
ABI := $(firstword $(subst ., ,$(VERSION)))

# What each folder uses of ours, and the system libraries it links. The layers point one way only; scripts/check holds them to it.
# base/ is headers, which all use.
USES_merge :=
USES_series :=
USES_upload :=
USES_client := upload merge
USES_codecs := merge
USES_jfr := merge
USES_otlp := merge
USES_foreign := merge
USES_pyroscope := merge
USES_receiver := merge codecs series jfr otlp foreign pyroscope upload
USES_cmemprof := merge
USES_preload := cmemprof merge
USES_command := receiver client upload merge codecs series jfr otlp foreign pyroscope
LIBS_merge :=
LIBS_series :=
LIBS_jfr :=
LIBS_otlp :=
LIBS_foreign := -lm
LIBS_pyroscope :=
LIBS_codecs := -ldeflate -lzstd -llz4
LIBS_client := -lcurl
LIBS_receiver := -lmicrohttpd -lgnutls -lsqlite3 -lm
LIBS_cmemprof := -ldl
LIBS_preload :=
LIBS_command = $(LIBS_cmemprof)
# What tests link beside: the formats that merge/ can be given, and what names are compared with.
TEST_USES_merge := codecs
TEST_USES_jfr := codecs
TEST_USES_otlp := codecs
TEST_USES_foreign := codecs
TEST_USES_pyroscope := codecs
TEST_LIBS_cmemprof := -ldw -lelf -lm
TEST_LIBS_series := -lm
TEST_LIBS_base := -lm
FOLDERS := base merge series codecs jfr otlp foreign pyroscope upload client receiver cmemprof preload command

comma := ,
# A folder's rooms, lowest first: each may include what is to the left of it.
ROOMS_receiver := base pack index rollups store views analysis watch relay http
ROOMS_command := base symbols report mcp send run serve live
rooms = $(1) $(addprefix $(1)/,$(ROOMS_$(1)))
# Those with tests. Their rules name each test: a pattern would be led astray by what an older build says of a file that was moved.
tested_rooms = $(foreach r,$(call rooms,$(1)),$(if $(wildcard $(r)/test/*_test.c),$(r)))
sources = $(call of_arch,$(foreach r,$(call rooms,$(1)),$(sort $(wildcard $(r)/*.c))))
objects = $(patsubst %.c,build/$(2)/%.o,$(filter-out command/main.c,$(call sources,$(1))))
tests = $(foreach r,$(call rooms,$(1)),$(patsubst $(r)/test/%_test.c,build/$(2)/test/$(1)_%_test,$(call of_arch,$(wildcard $(r)/test/*_test.c))))
closure = $(1) $(USES_$(1))
libs = $(foreach f,$(call closure,$(1)),$(LIBS_$(f)))
tested_closure = $(call closure,$(1)) $(TEST_USES_$(1))

.PHONY: help deps deps-test deps-bench deps-stress deps-deep deps-package deps-arm64 lib static portable musl command install demo test namespace check clean
help: ## List the targets
	@grep -hE '^[a-z_.-]+:.*##' $(filter Makefile %.mk,$(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 22

# ---- Packages ----

# Only these install anything. All else stops with the list of what is missing.
deps: ## Install the packages that the build needs, on a Debian-like machine (deps-test, deps-bench, deps-stress, deps-deep, deps-package, deps-arm64: those of what is named so)
deps deps-test deps-bench deps-stress deps-deep deps-package deps-arm64:
	@scripts/setup install $(or $(patsubst deps-%,%,$(filter deps-%,$@)),build)
# Looked at again when the script changes.
build/.setup: scripts/setup
	@scripts/setup check $(if $(CROSS),cross,build)
	@mkdir -p build && touch $@
build/.setup-%: scripts/setup build/.setup
	@scripts/setup check $*
	@touch $@

# ---- Build ----

# What all objects depend on: the compilers and their flags, written when they change.
.PHONY: always
VARIANTS := obj sanitized checked static portable musl tsan fuzz coverage
build/.flags: export FLAGS_NOW = $(CC) $(MUSL_CC) $(FUZZ_CC) $(BASE_CFLAGS) $(LDFLAGS) $(foreach v,$(VARIANTS),$(FLAGS_$v))
build/.flags: always
	@mkdir -p build; [ "$$FLAGS_NOW" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$FLAGS_NOW" >$@

# A shell for a rule and none for its folder, which is nearly always there: of the thousands of objects that come out of ccache that is a third of the time.
folder = [ -d $(@D) ] || mkdir -p $(@D)

# variant NAME,COMPILER,SET-UP: build/NAME/x.o is x.c, compiled with FLAGS_NAME.
define variant
build/$(1)/%.o: %.c build/.flags | $(3)
	@$$(folder); echo "  cc    $$<$(if $(filter-out obj,$(1)), ($(1)))"; $(CCACHE) $(2) $$(ALL_CFLAGS) $$(FLAGS_$(1)) -MMD -MP -c $$< -o $$@
endef
FLAGS_obj := $(HARDEN)
# A sanitizer sees what the code says, not what an optimisation left of it; and at -O2 its checks take the compiler six times as long.
FLAGS_sanitized := $(SANITIZE) -Og -g1 -Wno-maybe-uninitialized $(CHECKED) -DCMEMPROF_UNCONFINED
build/sanitized/%_test.o: private FLAGS_sanitized += -O0
FLAGS_checked := $(HARDEN) $(CHECKED)
# For fully static programs: the linker installs the hooks (cmemprof/interposition.h).
FLAGS_static := $(HARDEN) -DCMEMPROF_STATIC
FLAGS_portable := $(HARDEN) -include preload/portable.h
# gcc's functions for atomics of arm64, which take what the processor has, ask glibc for that.
FLAGS_musl := $(HARDEN) $(if $(filter arm64,$(ARCH)),-mno-outline-atomics)
$(foreach v,obj sanitized checked static portable,$(eval $(call variant,$(v),$$(CC),build/.setup)))
$(eval $(call variant,musl,$$(MUSL_CC),))
-include $(wildcard build/*/*/*.d build/*/*/*/*.d build/*/*/*/test/*.d)

# The page is TypeScript, bundled into build/web/, and part of the binary (receiver/http/assets.c includes it byte for byte). PAGE=made takes what is there,
# for copies of the tree (scripts/tree): npm would have to fetch its tools again.
PAGE_SOURCES := $(filter-out %/node_modules %/test,$(wildcard receiver/web/* receiver/web/src/* receiver/web/src/*/*))
PAGE_TOOLS := receiver/web/node_modules/.package-lock.json
$(PAGE_TOOLS): receiver/web/package-lock.json receiver/web/.npmrc | build/.setup
	@echo "  npm   receiver/web"
	@cd receiver/web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
ifneq ($(PAGE),made)
build/web/.bundled: $(PAGE_SOURCES) $(PAGE_TOOLS)
	@echo "  page  build/web"
	@node receiver/web/build.mjs
	@touch $@
endif
build/obj/receiver/http/assets.o build/sanitized/receiver/http/assets.o: build/web/.bundled
build/web/.checked: $(PAGE_SOURCES) $(wildcard receiver/web/test/*) $(PAGE_TOOLS)
	@mkdir -p $(@D) && echo "  tsc   receiver/web"
	@cd receiver/web && node_modules/.bin/tsc --noEmit && node_modules/.bin/prettier --check --log-level warn build.mjs src test
	@touch $@

# A library is built and linked in these two ways. nodelete: hooks that the loader has bound can never go away.
define archive
	@rm -f $@ && echo "  ar    $@"
	@ar rcsD $@ $(filter %.o,$^)
endef
define shared_library
	@echo "  link  $@"
	@$(1) -shared -o $@ $(filter %.o,$^) -Wl,-soname,$(@F).$(ABI) -Wl,-z,defs -Wl,-z,nodelete $(HARDEN_LINK) -Wl,--version-script=cmemprof/exports.map $(2)
	@ln -sf $(@F) $@.$(ABI)
endef

lib: build/libcmemprof.a build/libcmemprof.so ## Build the static and the shared library
build/libcmemprof.a: $(call objects,cmemprof,obj) $(call objects,merge,obj)
	$(archive)
# What is loaded into any program needs libc alone: another library that it finds first may lack what is needed. So no codec is in it, and its
# profiles are not compressed.
build/libcmemprof.so: $(foreach f,preload cmemprof merge,$(call objects,$(f),obj)) cmemprof/exports.map
	$(call shared_library,$(LINK),$(LIBS_cmemprof))
# For machines with an older glibc than this one's. The libraries that its functions were in are loaded with it, which takes 60 us of a start.
PORTABLE_LIBS := -Wl,--no-as-needed -l:libdl.so.2 -l:libpthread.so.0
portable: build/portable/libcmemprof.so ## Build the shared library for glibc 2.28 and newer
build/portable/libcmemprof.so: $(foreach f,preload cmemprof merge,$(call objects,$(f),portable)) cmemprof/exports.map
	$(call shared_library,$(LINK),$(PORTABLE_LIBS))
static: build/libcmemprof-static.a ## Build the library for fully static programs
build/libcmemprof-static.a: $(call objects,cmemprof,static) $(call objects,merge,obj)
	$(archive)
MUSL_OBJECTS := $(call objects,cmemprof,musl) $(call objects,merge,musl)
musl: build/libcmemprof-musl.so build/libcmemprof-musl.a ## Build the libraries for programs linked to musl
build/libcmemprof-musl.a: $(MUSL_OBJECTS)
	$(archive)
build/libcmemprof-musl.so: $(MUSL_OBJECTS) $(call objects,preload,musl) cmemprof/exports.map
	$(call shared_library,$(MUSL_CC) $(CFLAGS) $(LDFLAGS),-Wl$(comma)--eh-frame-hdr -Wl$(comma)--build-id)

# The command reads symbols with cmemprof's reader, and its malloc stays what it is: the linker takes from here what is asked for.
READS_SYMBOLS := command
reader = $(if $(filter $(1),$(READS_SYMBOLS)),build/$(2)/libreader.a)
reader_objects = $(filter-out build/$(1)/cmemprof/hook% build/$(1)/cmemprof/interposition%,$(call objects,cmemprof,$(1)))
define reader_rule
build/$(1)/libreader.a: $(call reader_objects,$(1))
	$$(archive)
endef
$(foreach v,obj sanitized,$(eval $(call reader_rule,$(v))))

# The command's libraries are those that it was linked to, wherever LD_LIBRARY_PATH leads a program that it runs: DT_RPATH comes before that
# variable, for the libraries of the libraries as well, and DT_RUNPATH does not. Where there is no such folder, all is as without. For another machine they are
# those of its own libraries: the cross compiler's libc is another than that machine's loader.
folders_of = $(sort $(foreach l,$(patsubst -l%,%,$(filter -l%,$(1))),$(dir $(realpath $(shell $(CC) -print-file-name=lib$(l).so)))))
STAYS_ITS_OWN = -Wl,--disable-new-dtags $(patsubst $(CROSS_ROOT)/%/,-Wl$(comma)-rpath$(comma)/%,$(filter $(CROSS_ROOT)/%,$(call folders_of,$(call libs,command))))
# command_rule PROGRAM,VARIANT
define command_rule
$(1): build/$(2)/command/main.o $(foreach f,$(call closure,command),$(call objects,$(f),$(2))) build/$(2)/libreader.a
	@echo "  link  $$@"
	@$$(LINK) $(FLAGS_$(2)) -pie $$(HARDEN_LINK) -o $$@ $$^ $$(STAYS_ITS_OWN) $(call libs,command)
endef
command: build/cmemprof ## Build the program cmemprof (run, receiver, top, diff, merge, delta)
$(eval $(call command_rule,build/cmemprof,obj))
$(eval $(call command_rule,build/cmemprof-sanitized,sanitized))

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
install: lib static command manual ## Install the command, libraries, header, pkg-config file, man pages, completions and service in PREFIX (/usr/local); DESTDIR, LIBDIR as usual
	@VERSION=$(VERSION) LIBDIR="$(LIBDIR)" scripts/install "$(PREFIX)" "$(DESTDIR)"

demo: ## Run a SQLite service with a leak in it and show its C and Go memory (30 s; KEEP=1 keeps the page)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory build/cmemprof
	@scripts/demo

include mk/package.mk mk/fuzz.mk mk/test.mk mk/deep.mk mk/bench.mk

# What compiles is made side by side first. Then two parts run at a time, since whole programs wait for much: the longest from the start to the end, the
# others beside it. The output of a part comes at its end.
PARTS := test-programs check test-c test-go test-sanitized $(if $(filter amd64,$(NATIVE)),test-emulated) test-fuzz test-go-sqlite3 test-go-layout test-datadog test-tsan test-page test-demo
ALONE := test-cpu
test: export PARTS_FILE := $(CURDIR)/build/parts.tsv
# One part's failure does not hide another's.
test: ## Run all tests, and say which parts take how long and what failed; missing packages are installed
	@$(MAKE) --no-print-directory deps-test
	@mkdir -p build && rm -f "$$PARTS_FILE" "$$PARTS_FILE.counts" "$$PARTS_FILE.failed"
	@scripts/parts run 'make built' $(MAKE) --no-print-directory -j$$(nproc) WERROR=-Werror built
	@failed=0; \
	$(MAKE) --no-print-directory -k -j2 -Otarget WERROR=-Werror $(PARTS:%=part-%) || failed=1; \
	$(MAKE) --no-print-directory -k -j1 WERROR=-Werror $(ALONE:%=part-%) || failed=1; \
	scripts/parts show; \
	exit $$failed
	@echo "all tests passed"
.PHONY: $(PARTS:%=part-%) $(ALONE:%=part-%)
$(PARTS:%=part-%) $(ALONE:%=part-%): part-%:
	@scripts/parts run 'make $*' $(MAKE) --no-print-directory $*

namespace: ## Write the linker names of new functions (namespace.h of each folder that Go services link)
	@scripts/namespace cmemprof merge series upload otlp pyroscope

check: build/.setup-test lib $(call objects,upload,obj) $(call objects,series,obj) $(call objects,otlp,obj) $(call objects,pyroscope,obj) build/web/.checked $(COMPILES) ## Check the rules of the tree: format, layers, source lists, symbols, vet, the other compiler (quick)
	@$(TRIMMED) scripts/check
	@scripts/test-setup

clean: ## Remove build/
	rm -rf build

else # The same for another machine, in the folder of links.

GOALS := $(or $(MAKECMDGOALS),lib static)
.PHONY: $(GOALS) cross
$(GOALS): cross ; @:
cross:
	@mkdir -p build/$(ARCH)
	@for name in *; do [ "$$name" = build ] || ln -sfn "../../$$name" "build/$(ARCH)/$$name"; done
	@mkdir -p build/$(ARCH)/build && ln -sfn ../../web build/$(ARCH)/build/web && ln -sfn ../../manual build/$(ARCH)/build/manual
	@$(MAKE) --no-print-directory -C build/$(ARCH) ARCH=$(ARCH) CROSS_ROOT="$$(realpath -m build/root-$(ARCH))" $(GOALS)

endif
