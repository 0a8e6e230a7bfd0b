# Man pages, completions, packages and archives: included by the Makefile.

.PHONY: manual wheel deb release test-packages test-release

# From the command's own help (packaging/docgen), so that they are about its real options.
manual: build/manual/.made ## Write the man pages and completions into build/manual
build/manual/.made: build/cmemprof $(wildcard packaging/docgen/*.go packaging/man/*.mdoc)
	@echo "  docs  build/manual"
	@rm -rf $(@D) && SOURCE_DATE_EPOCH=$$(scripts/version --epoch) go run ./packaging/docgen build/cmemprof packaging/man $(@D)
	@touch $@

# The library for older glibcs; the program's own needs are in the wheel's METADATA.
wheel: build/cmemprof portable ## Build build/wheel/cmemprof-VERSION-py3-none-linux_MACHINE.whl: the Python package, the library and the command
	@SOURCE_DATE_EPOCH=$$(scripts/version --epoch) python3 packaging/wheel.py $(VERSION) build/cmemprof build/portable/libcmemprof.so build/wheel
deb: build/.setup-package build/web/.bundled ## Build packages for Debian in build/deb: cmemprof, its library, its development files
	@scripts/deb
test-packages: deb ## Install, upgrade, run and remove the packages in a new system with systemd, as root (minutes)
	@scripts/test-packages

release: build/.setup-package build/web/.bundled ## Write archives of source and programs, SPDX and checksums into build/release
	@scripts/release
test-release: release ## Compare the archives of two builds, unpack them, run and build what is in them, validate the SPDX document
	@scripts/test-release
