#!/bin/sh
# The Debian packages whose libraries an installed fedc loads itself, one line:  scripts/runtime_packages.sh PREFIX
# They are those that own what its files name, not what these need in turn: apt knows that.
set -eu
prefix=$1
for file in "$prefix"/bin/fedc "$prefix"/lib*/libfedc.so.?; do
  readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
done | sort -u | while read -r library; do
  # The loader's own cache says where a name leads; the dynamic loader itself is in none.
  path=$(ldconfig -p | awk -v name="$library" '$1 == name { print $NF; exit }')
  [ -n "$path" ] || continue
  # /lib is /usr/lib, and packages say either.
  path=$(realpath "$path")
  dpkg-query -S "$path" 2>/dev/null || dpkg-query -S "${path#/usr}"
done | sed 's/:.*//' | sort -u | tr '\n' ' ' | sed 's/ $//'
