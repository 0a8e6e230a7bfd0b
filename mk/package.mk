# Man pages, completions, packages and archives: included by the Makefile.

.PHONY: manual wheel deb release test-packages test-release

# From the command's own help (packaging/docgen), so that they are about its real options. Another machine's command has this machine's: it does not run here.
manual: build/manual/.made ## Write the man pages and completions into build/manual
ifdef CROSS
build/manual/.made: always
	@env -u CFLAGS -u CPPFLAGS -u LDFLAGS $(MAKE) --no-print-directory -C ../.. ARCH=$(NATIVE) CROSS_ROOT= CC=gcc manual
else
build/manual/.made: build/cmemprof $(wildcard packaging/docgen/*.go packaging/man/*.mdoc)
	@echo "  docs  build/manual"
	@rm -rf $(@D) && SOURCE_DATE_EPOCH=$$(scripts/version --epoch) go run ./packaging/docgen build/cmemprof packaging/man $(@D)
	@touch $@
endif

# The library for older glibcs; the program's own needs are in the wheel's METADATA.
wheel: build/cmemprof portable ## Build build/wheel/cmemprof-VERSION-py3-none-linux_MACHINE.whl: the Python package, the library and the command
	@SOURCE_DATE_EPOCH=$$(scripts/version --epoch) python3 packaging/wheel.py $(VERSION) build/cmemprof build/portable/libcmemprof.so build/wheel
# What is released is for both machines. ARCH=arm64: for that one alone, in build/arm64/build. RELEASE_FOR=amd64 does without arm64.
RELEASE_FOR ?= $(if $(CROSS),$(ARCH),$(NATIVE) $(filter-out $(NATIVE),arm64))
deb: build/.setup-package build/web/.bundled ## Build packages for Debian in build/deb: cmemprof, its library, its development files
	@scripts/deb $(ARCH)
test-packages: deb ## Look into the packages of both machines; install, upgrade, run and remove this one's in a new system with systemd, as root (minutes)
	@for arch in $(filter-out $(NATIVE),$(RELEASE_FOR)); do $(MAKE) --no-print-directory ARCH=$$arch deb || exit 1; done
	@scripts/test-packages $(RELEASE_FOR)

release: build/.setup-package build/web/.bundled ## Write archives of source and programs for amd64 and arm64, SPDX and checksums into build/release
	@scripts/release build/release $(RELEASE_FOR)
test-release: release ## Compare the archives of two builds, unpack them, run and build what is in them, validate the SPDX document
	@scripts/test-release build/release $(RELEASE_FOR)
