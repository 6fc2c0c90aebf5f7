#!/usr/bin/env bash
# Make .venv with everything in it: a Python that is new enough, the hashed requirements, voipwatch itself.
# Idempotent: a stamp in .venv holds a digest of all that goes in, and a second run ends at once.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

# One set-up at a time: `make demo` and `make test` may be typed in two windows.
if command -v flock >/dev/null; then
  exec 9>.setup.lock
  flock 9
fi

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local name
  for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    # Asked for its own path, so that a version manager's shim is not what the environment is tied to.
    if new_enough "$name"; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

apt_install() {  # apt_install PACKAGE...: as root or by sudo without a password, else print the line and stop
  scripts/apt.sh "$@"
}

kernel_headers() {  # can NetfilterQueue be compiled for this Python?
  [ "$(uname -s)" = Linux ] || return 1
  local include
  include=$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  command -v cc >/dev/null && [ -r "$include/Python.h" ] || return 1
  printf '#include <stdint.h>\n#include <libnetfilter_queue/libnetfilter_queue.h>\n' |
    cc -E -x c - >/dev/null 2>&1
}

if ! python=$(find_python); then
  say "no Python 3.11 or later found"
  apt_install python3 python3-venv
  python=$(find_python) || { say "this system's python3 is older than 3.11: install a newer one, or name it: make setup PYTHON=..."; exit 1; }
fi

kernel=without
if kernel_headers "$python"; then kernel=with; fi

stamp=.venv/.voipwatch-setup
digest=$(cat pyproject.toml requirements/*.txt scripts/setup.sh | "$python" -c '
import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read() + "\0".join(sys.argv[1:]).encode()).hexdigest())
' "$PWD" "$python" "$("$python" -V)" "$kernel")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && .venv/bin/python -c 'import voipwatch' 2>/dev/null; then
  exit 0
fi

started=$SECONDS
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  say "$python cannot make environments yet (Debian keeps that in python3-venv)"
  apt_install python3-venv
fi
say "making .venv with $("$python" -V)"
"$python" -m venv --clear .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
say "installing the libraries of requirements/lock.txt: one to two minutes, 1.3 GB of disk"
# Not compiled here: Python does that for what is used, and half the time is saved.
pip install --no-compile --require-hashes -r requirements/lock.txt
say "installing voipwatch itself"
# The build backend is among the hashed requirements: no second, unpinned environment is made for it.
pip install --no-deps --no-build-isolation --editable .

if [ "$kernel" = with ]; then
  say "compiling NetfilterQueue"
  if ! { pip install --require-hashes -r requirements/kernel-build.txt &&
         pip install --no-build-isolation --require-hashes -r requirements/kernel.txt; }; then
    say "skipped NetfilterQueue: it did not compile here; the lab's kernel censors that need it say so"
  fi
else
  say "skipped NetfilterQueue: no compiler or no libnetfilter_queue headers ('make system setup' adds it);"
  say "only the lab's kernel censors that rewrite or delay packets need it"
fi
pip check
printf '%s\n' "$digest" >"$stamp"
say "done in $((SECONDS - started)) s"
