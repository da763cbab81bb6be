# The ways in. Each step prints one line; what it says in full is in build/log/.
# On Debian 12, as root or through sudo, missing packages are installed without a question.

JOBS ?= $(shell nproc)
STEP = scripts/step.sh
LOG = build/log
CTEST = ctest --output-on-failure -j$(JOBS)

.DEFAULT_GOAL := build
.PHONY: build run test ci bench format lint clean help install install-ci sanitizers
.NOTPARALLEL:

help: ## says what each target does
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

install: ## installs the packages that the build lacks
	@scripts/install.sh build

install-ci:
	@scripts/install.sh build ci

build: install ## builds build/bin/fedc
	@[ -f build/build.ninja ] || $(STEP) $(LOG)/configure.log 'configure' cmake --preset release
	@$(STEP) $(LOG)/build.log 'build' cmake --build build -j $(JOBS)

run: build ## trains on the shipped digits
	@echo '[run] build/bin/fedc run examples/digits_softmax.fed'
	@build/bin/fedc run examples/digits_softmax.fed

test: build ## builds and passes the tests
	@$(CTEST) --test-dir build

# The sanitizers come before the last run of the tests so that ctest's summary closes the output.
ci: install-ci test sanitizers lint ## test, then sanitizers and lint
	@tail -n 12 $(LOG)/sanitized-tests.log
	@echo '[ci] passed'

sanitizers: install-ci ## ASan and UBSan over the tests, TSan over the runtime's
	@$(STEP) $(LOG)/asan-ubsan-configure.log 'configure with ASan and UBSan' cmake --preset asan-ubsan
	@$(STEP) $(LOG)/asan-ubsan-build.log 'build with ASan and UBSan' cmake --build build-asan-ubsan -j $(JOBS)
	@$(STEP) $(LOG)/asan-ubsan-tests.log 'tests under ASan and UBSan' $(CTEST) --test-dir build-asan-ubsan

lint: install-ci ## clang-format and clang-tidy
	@$(STEP) $(LOG)/format.log 'clang-format' scripts/format.sh --check

clean: ## removes what was built
	@rm -rf build build-*
