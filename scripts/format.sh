#!/bin/sh
# clang-format over every source in git, fedc fmt over the programs that we ship, and the quotations in the documentation:
#   scripts/format.sh [--check]        needs build/bin/fedc
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --check ]; then
  git ls-files -z '*.h' '*.cpp' | xargs -0 -r -P 2 -n 40 clang-format-19 --dry-run -Werror
  git ls-files -z 'stdlib/*.fed' 'examples/*.fed' 'bench/*.fed' | xargs -0 -r build/bin/fedc fmt --check
  exec /usr/bin/python3 scripts/includes.py --check
fi
git ls-files -z '*.h' '*.cpp' | xargs -0 -r clang-format-19 -i
git ls-files -z 'stdlib/*.fed' 'examples/*.fed' 'bench/*.fed' | xargs -0 -r build/bin/fedc fmt
/usr/bin/python3 scripts/includes.py
