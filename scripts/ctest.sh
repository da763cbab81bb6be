#!/bin/sh
# Runs ctest on a build as one step, and prints its summary:  scripts/ctest.sh LOG TITLE BUILD [CTEST OPTION…]
# What failed is shown in full. A run in which no test took part is a failure.
set -u
log=$1 title=$2 build=$3
shift 3
mkdir -p "$(dirname "$log")"
printf '[%s] ' "$title"
start=$(date +%s)
ctest --test-dir "$build" --output-on-failure --no-tests=error -j "${JOBS:-2}" "$@" >"$log" 2>&1 </dev/null
status=$?
echo "$([ $status = 0 ] && echo done || echo failed) in $(($(date +%s) - start)) s"
if [ $status != 0 ]; then
  # Everything but the lines of tests that passed.
  grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed |^ *Start +[0-9]+: ' "$log" | tail -n 300
else
  sed -n '/tests passed/,$p' "$log" | grep -v '^$'
fi
exit $status
