#!/bin/sh
# Installs what is missing of scripts/packages.txt:  scripts/install.sh [SECTION…]   (default: build)
# Silent where nothing is missing. Asks no question. Debian 12, as root or through sudo; on any other system it names
# what is needed and exits 1.
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- build
wanted=""
for section in "$@"; do
  wanted="$wanted $(awk -v want="[$section]" '/^\[/ { inside = ($0 == want); next } inside && !/^#/ && NF { print $1 }' scripts/packages.txt)"
done

system="unknown"
[ -r /etc/os-release ] && system=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-}")
if [ "$system" != "debian 12" ] || ! command -v dpkg-query >/dev/null; then
  # Whoever has installed the same things by hand says so with FEDC_SKIP_INSTALL=1.
  [ "${FEDC_SKIP_INSTALL:-}" = 1 ] && exit 0
  {
    echo "This is not Debian 12 (it is: $system), so nothing was installed. fedc needs these, by their Debian names:"
    echo $wanted | fold -s -w 100 | sed 's/^/  /'
    echo "Once they are there, run make again with FEDC_SKIP_INSTALL=1."
  } >&2
  exit 1
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' || true)
missing=""
for package in $wanted; do
  case "
$installed
" in *"
$package
"*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and installing them takes root or sudo:$missing" >&2
    exit 1
  fi
  as_root="sudo"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Runs a command of apt; its output is shown only where it fails.
quietly() {
  if ! $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "failed: $*" >&2
    exit 1
  fi
}

echo "[install] reading the package lists"
quietly apt-get -q update
# No recommended packages: they would bring a desktop Java and more.
options="-q -y --no-install-recommends"
count=$(apt-get $options -s install $missing | grep -c '^Inst ' || true)
bytes=$(apt-get $options --print-uris install $missing | awk "/^'/ { sum += \$3 } END { printf \"%d\", sum }")
echo "[install] $count packages, $(((bytes + 999999) / 1000000)) MB to fetch, for:$missing"
quietly apt-get $options -o Dpkg::Options::=--force-confold install $missing
echo "[install] done"
