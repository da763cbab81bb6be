# A bare Debian 12 for the scripts that read this file:  label=… ; . scripts/bare_debian.sh
skip() {
  echo "[$label] not run: $1"
  exit 0
}

# Makes `root` the smallest Debian 12: $1, kept, or (empty) a temporary one, removed at the end. Where the machine does not allow it (not root,
# no debootstrap, no namespaces, no network), says so and ends with 0.
bare_debian() {
  [ "$(id -u)" = 0 ] || skip "it takes root"
  command -v debootstrap >/dev/null || skip "debootstrap is not installed"
  unshare -m true 2>/dev/null || skip "this machine allows no mount namespace"
  if [ -n "$1" ]; then
    root=$1
    mkdir -p "$root"
  else
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
  fi
  [ -x "$root/bin/sh" ] || debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 || {
    tail -n 20 "$root.log"
    skip "debootstrap failed: is there a network?"
  }
  cp /etc/resolv.conf "$root/etc/resolv.conf"
}
