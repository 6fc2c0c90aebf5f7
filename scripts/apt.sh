#!/usr/bin/env bash
# apt.sh PACKAGE...: install the Debian packages that are missing, as root or through sudo without a password;
# where neither is possible, print the one line to type and exit 1. Says nothing when all are there.
set -euo pipefail

missing=()
for package in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  printf 'system: this is no Debian: please install what your system calls %s\n' "${missing[*]}" >&2
  exit 1
fi

# Another apt may be at work (unattended upgrades): wait for it, 15 minutes at most.
lock=(-o DPkg::Lock::Timeout=900)
if [ "$(id -u)" = 0 ]; then
  as_root=(env)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n env)
else
  printf 'system: missing %s. Please type this line, then the same command again:\n' "${missing[*]}" >&2
  printf '  su -c "apt-get update && apt-get install -y --no-install-recommends %s"\n' "${missing[*]}" >&2
  exit 1
fi

printf 'system: installing %s\n' "${missing[*]}" >&2
said=
apt() {  # quiet where it goes well, all of it where it does not
  said=$("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get "${lock[@]}" -qq "$@" </dev/null 2>&1) || {
    printf '%s\nsystem: apt-get %s failed\n' "$said" "$*" >&2
    exit 1
  }
}
apt update
apt install -y --no-install-recommends "${missing[@]}"

# Debian starts servers as it installs them. The tests start their own on addresses of their own; a TURN server left
# running on somebody's machine is not ours to decide. Only what was missing a moment ago is touched.
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    case $package in
      apache2 | coturn | irtt | postgresql) "${as_root[@]}" systemctl disable --now --quiet "$package" >&2 || true ;;
      mariadb-server) "${as_root[@]}" systemctl disable --now --quiet mariadb >&2 || true ;;
      dante-server) "${as_root[@]}" systemctl disable --now --quiet danted >&2 || true ;;
    esac
  done
fi
