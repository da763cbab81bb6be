#!/bin/sh
# Runs one step of the Makefile as one progress line:  scripts/step.sh LOG 'what it does' COMMAND…
# The command's output goes to LOG, and is shown only where it fails.
set -u
log=$1 title=$2
shift 2
mkdir -p "$(dirname "$log")"
printf '[%s] ' "$title"
start=$(date +%s)
if "$@" >"$log" 2>&1 </dev/null; then
  echo "done in $(($(date +%s) - start)) s"
else
  status=$?
  echo "failed (exit $status) after $(($(date +%s) - start)) s; the end of $log:"
  tail -n 60 "$log"
  exit "$status"
fi
