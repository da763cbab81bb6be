#!/bin/sh
# clang-tidy over every source in git, by the compile commands of BUILD:  scripts/tidy.sh BUILD [FILE…]
# Code that is generated during the build is left out, as are warnings of the compiler: g++'s are errors already.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift
[ $# -gt 0 ] || set -- $(git ls-files '*.cpp')
printf '%s\0' "$@" | xargs -0 -r -P "$(nproc)" -n 1 \
  clang-tidy-19 --quiet -p "$build" --extra-arg=-Wno-everything --extra-arg=-Wno-error --extra-arg=-Wno-unknown-warning-option
