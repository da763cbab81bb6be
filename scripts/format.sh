#!/bin/sh
# clang-format over every source in git, and the quotations in the documentation:  scripts/format.sh [--check]
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --check ]; then
  git ls-files -z '*.h' '*.cpp' | xargs -0 -r -P 2 -n 40 clang-format-19 --dry-run -Werror
  exec /usr/bin/python3 scripts/includes.py --check
fi
git ls-files -z '*.h' '*.cpp' | xargs -0 -r clang-format-19 -i
/usr/bin/python3 scripts/includes.py
