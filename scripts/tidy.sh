#!/bin/sh
# clang-tidy over the sources of the product, by the compile commands of BUILD:  scripts/tidy.sh BUILD [FILE…]
# TIDY_ALL=1: over those of the tests, too (`make lint TIDY_ALL=1`), which takes twice as long.
# Code that is generated during the build is left out, as are warnings of the compiler: g++'s are errors already.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift
if [ $# = 0 ]; then
  [ -n "${TIDY_ALL:-}" ] && set -- $(git ls-files '*.cpp') || set -- $(git ls-files 'compiler/*.cpp' 'runtime/*.cpp' 'embed/*.cpp' 'tools/*.cpp')
fi
printf '%s\0' "$@" | xargs -0 -r -P "$(nproc)" -n 1 \
  clang-tidy-19 --quiet -p "$build" --extra-arg=-Wno-everything --extra-arg=-Wno-error --extra-arg=-Wno-unknown-warning-option
