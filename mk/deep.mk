# What takes a closer look at the C code than the compilers do: included by the Makefile.

.PHONY: check-deep compile_commands.json
LOOKED_AT := $(filter-out receiver/http/assets.c,$(foreach f,$(FOLDERS),$(call sources,$(f)))) # assets.c is the page, byte for byte

check-deep: build/compiled/cppcheck $(LOOKED_AT:%.c=build/compiled/tidy/%) $(LOOKED_AT:%.c=build/compiled/analyser/%) ## Have clang's analyser, clang-tidy and cppcheck look at all C code (minutes; again only what has changed)
	@echo "check-deep: nothing found"

# clang's analyser takes minutes for all, so it looks again only where something has changed. gcc 12's is left out: it loses track of what is kept
# in an array's items or behind a pointer, and finds leaks and NULLs in sound code (of 17 findings, one was right: a stream left open).
build/compiled/analyser/%: %.c | build/.setup-deep
	@mkdir -p $(@D)
	@clang --analyze --analyzer-output text -Xclang -analyzer-werror $(BASE_CFLAGS) -MMD -MP -MF $@.d -MT $@ $< && touch $@
# .clang-tidy says which checks. -MMD: it writes no list of headers, so a file is looked at again with its object's.
build/compiled/tidy/%: %.c build/obj/%.o .clang-tidy build/compile_commands.json | build/.setup-deep
	@mkdir -p $(@D)
	@clang-tidy --quiet -p build $< 2>/dev/null && touch $@
# All at once: it also follows calls from one file into another.
build/compiled/cppcheck: $(LOOKED_AT) $(foreach f,$(FOLDERS),$(foreach r,$(call rooms,$(f)),$(wildcard $(r)/*.h))) scripts/cppcheck.suppressions | build/.setup-deep
	@mkdir -p build/cppcheck
	@cppcheck --quiet -j$$(nproc) --std=c11 --enable=warning,portability,performance --error-exitcode=1 --cppcheck-build-dir=build/cppcheck \
	    -D_GNU_SOURCE -D__x86_64__ -D__linux__ --suppressions-list=scripts/cppcheck.suppressions --template='{file}:{line}: {id}: {message}' $(LOOKED_AT)
	@touch $@

# For clangd and clang-tidy.
compile_commands.json: build/compile_commands.json ## Write build/compile_commands.json, where editors look for it
build/compile_commands.json: build/.flags $(COMPILED)
	@{ separator='['; for file in $(COMPILED); do \
	    printf '%s\n{"directory": "%s", "file": "%s", "arguments": ["clang", "-std=gnu11", "-D_GNU_SOURCE", "-pthread", "-c", "%s"]}' \
	        "$$separator" "$$PWD" "$$file" "$$file"; separator=,; done; printf '\n]\n'; } >$@

# ---- CPython's own tests ----

.PHONY: test-python-suites
test-python-suites: build/.setup-test lib build/cmemprof ## Run CPython's tests of forks, threads, asyncio, gc, memoryview and sqlite3 with the profiler and without, in each version (an hour)
	cd e2e && CMEMPROF_PYTHON_SUITES=all go test -count=1 -timeout 6h -run '^TestSuitesOfCPython$$' ./python

# ---- Coverage ----

.PHONY: coverage
COVERAGE_TESTS := $(foreach f,$(FOLDERS),$(call tests,$(f),coverage))
FLAGS_coverage := --coverage -fprofile-update=atomic -O0 $(CHECKED) -DCMEMPROF_UNCONFINED
$(eval $(call variant,coverage,$$(CC),build/.setup-test))
$(foreach f,$(FOLDERS),$(foreach r,$(call tested_rooms,$(f)),$(eval $(call test_rules,$(f),coverage,$(r)))))
$(eval $(call reader_rule,coverage))
build/coverage/receiver/http/assets.o: build/web/.bundled
# Programs with the hooks of preload/ end in ways that gcov does not know: base/test/coverage_ends.c.
build/coverage/preload/%: private FLAGS_coverage += -fno-builtin-fork -fno-builtin-execv -fno-builtin-execve -fno-builtin-execvp -fno-builtin-execl \
    -fno-builtin-execle -fno-builtin-execlp
$(call tests,preload,coverage): build/coverage/base/test/coverage_ends.o
$(call tests,preload,coverage): LINK += -Wl,--wrap=dlsym,--wrap=kill
coverage: $(COVERAGE_TESTS) ## Print how many lines of each folder the C tests run, and the files that have the most left (docs/endurance.md)
	@scripts/coverage $(COVERAGE_TESTS)
