# The ways in. A step prints one line; all that it says is in build/log/, and is shown where it fails.
# On Debian 12, as root or through sudo, missing packages are installed without a question.

JOBS ?= $(shell nproc)
export JOBS
PYTHON = /usr/bin/python3
LOG = build/log
STEP = scripts/step.sh

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build run test ci ci-begin ci-fuzz fuzz bench format lint clean help install dist dist-test packages packages-ci sanitizers asan-ubsan tsan

help: ## says what each target does
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

packages:
	@scripts/install.sh build

packages-ci:
	@scripts/install.sh build ci

build: packages ## builds build/bin/fedc
	@[ -f build/build.ninja ] || $(STEP) $(LOG)/configure.log 'configure' cmake --preset release
	@$(STEP) $(LOG)/build.log 'build' cmake --build build -j $(JOBS)

run: build ## trains on the shipped digits
	@echo '[run] build/bin/fedc run examples/digits_softmax.fed'
	@build/bin/fedc run examples/digits_softmax.fed
	@scripts/next_steps.sh

test: build ## builds, then passes the tests
	@scripts/ctest.sh $(LOG)/test.log 'test' build

ci: packages-ci ci-begin test sanitizers lint ci-fuzz ## test, then sanitizers, lint and fuzzing
	@echo '[ci] passed; the tests of the release build:'
	@sed -n '/tests passed/,$$p' $(LOG)/test.log

# A machine that runs this has a limit, too: fuzzing, which is last, is left out where the rest took more than CI_MINUTES, and says so.
CI_MINUTES ?= 75
ci-begin:
	@mkdir -p $(LOG) && date +%s >$(LOG)/ci-begin
ci-fuzz:
	@minutes=$$(( ($$(date +%s) - $$(cat $(LOG)/ci-begin)) / 60 )); \
	if [ $$minutes -lt $(CI_MINUTES) ]; then $(MAKE) --no-print-directory fuzz; \
	else echo "[fuzz] NOT RUN: the rest took $$minutes minutes; \`make fuzz\` runs it"; fi

sanitizers: asan-ubsan tsan ## the tests under ASan and UBSan, the runtime's under TSan

# One build for the sanitizers and for libFuzzer's programs: clang takes less time for both than g++ for the first.
# The preset leaves out those of nests, machine code and random programs: their subject is code that no sanitizer sees into.
asan-ubsan: packages-ci
	@$(STEP) $(LOG)/asan-ubsan-configure.log 'asan-ubsan: configure' cmake --preset asan-ubsan
	@$(STEP) $(LOG)/asan-ubsan-build.log 'asan-ubsan: build' cmake --build build-asan-ubsan -j $(JOBS)
	@ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
	  scripts/ctest.sh $(LOG)/asan-ubsan-test.log 'asan-ubsan: test' build-asan-ubsan

tsan: packages-ci
	@$(STEP) $(LOG)/tsan-tbb.log 'tsan: oneTBB' scripts/tbb_for_tsan.sh build-tsan/tbb
	@$(STEP) $(LOG)/tsan-configure.log 'tsan: configure' cmake --preset tsan
	@$(STEP) $(LOG)/tsan-build.log 'tsan: build' cmake --build build-tsan --target runtime_tests -j $(JOBS)
	@LD_LIBRARY_PATH=$(CURDIR)/build-tsan/tbb TSAN_OPTIONS=halt_on_error=1 \
	  scripts/ctest.sh $(LOG)/tsan-test.log 'tsan: test' build-tsan -L '^runtime$$'

# Seconds that each target has; all of them take FUZZ_SECONDS * targets / JOBS.
FUZZ_SECONDS ?= 60
fuzz: packages-ci build ## libFuzzer on hostile programs, files and command lines, FUZZ_SECONDS=60 each
	@$(STEP) $(LOG)/fuzz-configure.log 'fuzz: configure' cmake --preset asan-ubsan
	@$(STEP) $(LOG)/fuzz-build.log 'fuzz: build' cmake --build build-asan-ubsan --target fuzz -j $(JOBS)
	@$(PYTHON) scripts/fuzz.py --seconds $(FUZZ_SECONDS) --jobs $(JOBS)

lint: packages-ci build ## clang-format, fedc fmt, clang-tidy, quotations in the documentation
	@$(STEP) $(LOG)/format.log 'lint: format' scripts/format.sh --check
	@$(STEP) $(LOG)/tidy.log 'lint: clang-tidy' scripts/tidy.sh build

format: packages-ci build ## lays out the sources and renews the documentation's quotations
	@$(STEP) $(LOG)/format.log 'format' scripts/format.sh

# DESTDIR, where it is given, comes before PREFIX: for packages of a distribution.
PREFIX ?= /usr/local
install: build ## installs all into PREFIX=/usr/local
	@DESTDIR=$(DESTDIR) $(STEP) $(LOG)/install.log 'install to $(DESTDIR)$(PREFIX)' cmake --install build --prefix $(PREFIX)

dist: build ## makes build/dist/fedc-VERSION-linux-x86_64.tar.gz, which runs from any folder
	@$(STEP) $(LOG)/dist.log 'dist' scripts/dist.sh build

dist-test: dist ## runs the tarball in a bare Debian 12, where debootstrap is there to make one
	@scripts/dist_test.sh build/dist/fedc-*.tar.gz

bench: build ## fedc's speed, beside NumPy and FedJAX where they are installed
	@$(PYTHON) bench/bench.py --threads $(JOBS)

clean: ## removes everything that was built
	@rm -rf build build-asan build-ubsan build-asan-ubsan build-tsan build-fuzz-fast build-debug build-coverage
