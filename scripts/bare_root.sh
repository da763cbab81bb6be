#!/bin/sh
# A new user's first hour on a bare Debian 12:  scripts/bare_root.sh [--test] [FOLDER]
# Makes the smallest Debian 12 (debootstrap) in FOLDER (default: a temporary one, removed at the end), types the commands of README's
# quick start there, as they stand, on a clone of HEAD, and then walks through the first hour (tests/docs/first_hour_test.py).
# --test: `make test` besides. Where the machine does not allow it (not root, no debootstrap, no namespaces), it says so and exits 0.
# FEDC_CCACHE=DIR and FEDC_CLONE=PATH (absolute, inside the root) let a build reuse a compiler cache; the result is the same.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD

with_test=no
if [ "${1:-}" = --test ]; then
  with_test=yes
  shift
fi
label='bare root'
. scripts/bare_debian.sh
bare_debian "${1:-}"

# What the README says, with this repository's name in its place.
place=${FEDC_CLONE:-/root/fedc}
mkdir -p "$root$(dirname "$place")" "$root/src" "$root/root/.cache/ccache"
{
  echo 'set -eu'
  echo "cd $(dirname "$place")"
  awk '/^```/ { inside = !inside; if (!inside && seen) exit; next } inside { seen = 1; print }' README.md |
    sed "s|<this repository> fedc && cd fedc|/src $(basename "$place") \&\& cd $(basename "$place")|"
  [ $with_test = no ] || echo 'make test'
  echo 'start=$(date +%s)'
  echo '/usr/bin/python3 tests/docs/first_hour_test.py --fedc build/bin/fedc'
  echo 'echo "[bare root] the first hour, without the build: $(($(date +%s) - start)) s"'
} >"$root/root/first_hour.sh"
sed 's/^/[bare root] $ /' "$root/root/first_hour.sh"

unshare -m sh -eu -c '
  root=$1 repository=$2 ccache=$3
  mount --bind /proc "$root/proc"
  mount --bind /dev "$root/dev"
  mount --bind -o ro "$repository" "$root/src"
  [ -z "$ccache" ] || mount --bind "$ccache" "$root/root/.cache/ccache"
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory \
    "GIT_CONFIG_VALUE_0=*" chroot "$root" sh /root/first_hour.sh
' sh "$root" "$repository" "${FEDC_CCACHE:-}"
