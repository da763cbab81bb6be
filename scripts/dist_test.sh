#!/bin/sh
# The tarball of `make dist` in a bare Debian 12 (debootstrap), with nothing but the packages that its README.md names:  scripts/dist_test.sh TARBALL [FOLDER]
# Types the README's commands there, then those of the Python package. FOLDER: the root to use (default: a temporary one, removed at the end).
# Where the machine does not allow it (not root, no debootstrap, no namespaces, no network), it says so and exits 0.
set -eu
tarball=$(realpath "$1")
label='dist test'
. "$(dirname "$0")/bare_debian.sh"
bare_debian "${2:-}"
rm -rf "$root/opt/anywhere"
mkdir -p "$root/opt/anywhere"
tar -C "$root/opt/anywhere" -xzf "$tarball"
name=$(ls "$root/opt/anywhere")
{
  echo 'set -eu'
  echo "cd /opt/anywhere/$name"
  echo 'apt-get -q update >/dev/null'
  # The README's blocks, as they stand.
  awk '/^```/ { inside = !inside; next } inside' "$root/opt/anywhere/$name/README.md" | sed 's/^apt-get install/DEBIAN_FRONTEND=noninteractive apt-get -qq install/'
  echo 'ldd bin/fedc lib/libfedc.so.0 | grep "not found" && exit 1'
  echo 'bin/fedc run flowers/flowers.fed'
  echo 'DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-numpy python3-h5py >/dev/null'
  echo 'PYTHONPATH=share/fedc/python python3 share/fedc/examples/python/digits.py'
} >"$root/root/dist_test.sh"
sed 's/^/[dist test] $ /' "$root/root/dist_test.sh"

unshare -m sh -eu -c '
  root=$1
  mount --bind /proc "$root/proc"
  mount --bind /dev "$root/dev"
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 chroot "$root" sh /root/dist_test.sh
' sh "$root"
echo "[dist test] passed: $name"
