#!/bin/sh
# Builds oneTBB's library with ThreadSanitizer:  scripts/tbb_for_tsan.sh DIR   (leaves DIR/libtbb.so.12)
# Debian's own libtbb is not instrumented, so that ThreadSanitizer cannot see how it hands work from thread to thread, and
# reports races where there are none. The source is Debian's, of the version that is installed.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
version=$(dpkg-query -W -f '${source:Upstream-Version}' libtbb-dev)
[ -f "$dir/libtbb.so.12" ] && [ "$(cat "$dir/version" 2>/dev/null)" = "$version" ] && exit 0

work=$dir/source
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
# Source packages are switched off on most machines: read them with settings of our own, and leave the system's alone.
cat >"$work/debian.sources" <<LIST
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
LIST
apt="apt-get -q -o Dir::Etc::SourceList=$work/debian.sources -o Dir::Etc::SourceParts=/dev/null \
  -o Dir::State::Lists=$work/lists -o Dir::Cache=$work/cache"
$apt update
(cd "$work" && $apt --download-only source onetbb)
tar -xf "$work/onetbb_$version.orig.tar.xz" -C "$work"
cmake -G Ninja -S "$work/oneTBB-$version" -B "$work/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS="-O1 -g1" -DTBB_SANITIZE=thread -DTBB_STRICT=OFF -DTBB_TEST=OFF -DTBBMALLOC_BUILD=OFF \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$work/out"
cmake --build "$work/build" --target tbb -j "${JOBS:-2}"
cp "$(find "$work" -name 'libtbb.so.12.*' -type f | head -n 1)" "$dir/libtbb.so.12"
echo "$version" >"$dir/version"
rm -rf "$work"
