#!/bin/sh
# Which lines of compiler/, runtime/, embed/ and tools/ the tests run:  scripts/coverage.sh [CTEST OPTION…]
# Builds with gcov's counters in build-coverage, runs the tests there, and prints the share of each directory; the lines that no test
# runs are in build-coverage/not-run.txt.
set -eu
cd "$(dirname "$0")/.."
build=build-coverage
[ -f $build/build.ninja ] || cmake --preset coverage >/dev/null
cmake --build $build -j "${JOBS:-2}"
find $build -name '*.gcda' -delete
status=0
ctest --test-dir $build -j "${JOBS:-2}" --output-on-failure "$@" >$build/coverage-test.log 2>&1 </dev/null || status=$?
sed -n '/tests passed/p' $build/coverage-test.log
/usr/bin/python3 scripts/coverage_report.py $build
exit $status
