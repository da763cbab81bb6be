#!/bin/sh
# Makes BUILD/dist/fedc-VERSION-linux-ARCH.tar.gz of a finished build:  scripts/dist.sh BUILD
# It runs from any folder of a Debian 12 with the packages that its README.md names. The same build gives the same bytes.
set -eu
cd "$(dirname "$0")/.."
build=$1
version=$(sed -n 's/^project(fedc VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=fedc-$version-linux-$(uname -m)
out=$build/dist
rm -rf "$out"
mkdir -p "$out"
DESTDIR= cmake --install "$build" --prefix "$PWD/$out/$name" --strip >/dev/null
packages=$(scripts/runtime_packages.sh "$out/$name")
sed -e "s/@VERSION@/$version/g" -e "s/@PACKAGES@/$packages/" scripts/dist_readme.md >"$out/$name/README.md"
cp LICENSE "$out/$name/"
tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime='2000-01-01 00:00Z' -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
rm -rf "${out:?}/$name"
ls -l "$out/$name.tar.gz"
