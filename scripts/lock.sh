#!/usr/bin/env bash
# Write the hashed requirement files anew, for CPython 3.11 and later on any platform (environment markers).
# For maintainers: it takes the newest versions that pyproject.toml allows. Names no index host.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/uv"
"$work/uv/bin/pip" install --quiet uv

compile() {  # compile OUT IN [OPTION...]
  local out=$1 in=$2
  shift 2
  # --upgrade, because an existing lock is otherwise kept; the header would name this machine's paths.
  "$work/uv/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links "$@" "$in" --output-file "$out"
}
compile requirements/lock.txt pyproject.toml --all-extras
compile requirements/kernel-build.txt requirements/kernel-build.in --constraint requirements/lock.txt
compile requirements/kernel.txt requirements/kernel.in
