#!/usr/bin/env bash
# All tests on four processes; a few that wait for real servers, browsers or networks and failed in that company are
# tried once more, alone (tests/support/alone.py). Arguments are pytest's.
set -euo pipefail
cd "$(dirname "$0")/.."

pytest=${PYTEST:-.venv/bin/pytest}
code=0
"$pytest" -n 4 --dist loadfile --no-loadscope-reorder "$@" || code=$?
# 1: tests failed. Anything else is no test's doing.
[ "$code" -eq 1 ] || exit "$code"
echo "unit: what failed is tried once more, alone" >&2
exec "$pytest" --alone --last-failed --last-failed-no-failures none "$@"
