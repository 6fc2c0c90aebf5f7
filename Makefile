# voipwatch: `make` lists what there is.
# One target needs an argument (bench-ooni); two take one (CAPTURES=FOLDER). Only `setup` (which most others call), `system` and `lock` reach for the network.

.DEFAULT_GOAL := help
.PHONY: help setup system demo test lint types imports warm format unit matrix kernel bench bench-store bench-shards bench-stream capacity bench-ooni kills nulls power published scenario linetest locate judge likeness captures site-check lock clean

BIN := .venv/bin
# Compiled once, and not by every program that a test starts: that would be a third of the time of all those.
unexport PYTHONDONTWRITEBYTECODE

help:    ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:   ## make .venv with everything in it (again only when something changed)
	@scripts/setup.sh

system:  ## the system packages of the tests: apt as root or through sudo, else the line to type
	@scripts/system.sh

demo: setup  ## the main job in about four minutes (setup takes one or two more, once): no root, no network, no question
	@$(BIN)/voipwatch demo --bundle demo/bundle --site demo/site

# In this order, also under -j: the compiler and headers come before what is compiled with them, and what only reads
# the code before what runs it.
test:    ## everything, a quarter of an hour: system packages, set-up, lint, types, import contracts, tests
	@scripts/system.sh
	@scripts/setup.sh
	@$(MAKE) --no-print-directory -j 2 types lint imports warm
	@$(MAKE) --no-print-directory unit

lint: setup  ## style and likely bugs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup  ## write the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup  ## mypy, strict
	$(BIN)/mypy

imports: setup  ## the four import contracts
	$(BIN)/lint-imports

# pytest writes each test's asserts anew and keeps what came out: else four processes would all do so at once. What does
# not import is told by the tests themselves.
warm: setup  ## list the tests once, so that what is compiled of them is there when they run
	@$(BIN)/pytest --collect-only --quiet --quiet > /dev/null || true

# Four processes on two cores: half of the time is waiting, for kernels, browsers and databases.
unit: setup  ## the tests alone, on four processes; a few that need real servers, if they failed, once more
	@scripts/unit.sh

matrix: setup  ## the lab's 201 worlds against what must be said, on five lines, three seeds: half an hour
	@$(BIN)/voipwatch lab matrix

kernel: setup  ## a third of them once over this machine's kernel, in real time: forty minutes
	@$(BIN)/voipwatch lab matrix --network kernel

bench: setup  ## speed, cost, timing; beside a C echo, irtt and coturn, and round trip and loss beside irtt: docs/benchmarks.md
	@$(BIN)/python scripts/bench.py
	@$(BIN)/python scripts/bench_against.py --write

bench-store: setup  ## what the store costs at 1, 5 and 20 million observation rows: some minutes, 3 GB of disk
	@$(BIN)/python scripts/bench_store.py --write

bench-shards: setup  ## cells of 1, 2, 4 and 8 shards: states exported and merged, votes a second: two minutes
	@$(BIN)/python scripts/bench_shards.py

bench-stream: setup  ## two collectors and two loaders over JetStream beside one of each: five minutes
	@$(BIN)/python scripts/bench_stream.py

capacity: setup  ## machines and money for three sizes, from the figures of docs/benchmarks.md: docs/scale.md
	@$(BIN)/python scripts/capacity.py --write

bench-ooni: setup  ## our import of OONI files against OONI's own reader: REFERENCE=PYTHON (docs/ooni.md says of what)
	@$(BIN)/python scripts/bench_ooni.py --reference $(REFERENCE) --write

nulls: setup  ## false alarms on innocent lines: 300 whole checks and 20,000 drawn, with exact bounds: half an hour
	@$(BIN)/python scripts/nulls_table.py --jobs 2 --write

power: setup  ## power against data spent, at the level that check uses, with the picture: half an hour
	@$(BIN)/python scripts/power_table.py --write

published: setup  ## the same simulated checks by our rules, by a test on packets, by Wehe's and by RTR's: ten minutes
	@$(BIN)/python scripts/published_table.py --write

scenario: setup  ## the scenario's year over twenty seeds, as in docs/benchmarks.md: an hour
	@$(BIN)/python scripts/scenario_table.py

kills: setup  ## fifty kills of any process of `voipwatch serve` under load, thirty of petitions: twenty minutes
	@VOIPWATCH_KILLS=50 $(BIN)/pytest tests/integration/test_kills.py -q -s -o faulthandler_timeout=0
	@VOIPWATCH_KILLS=30 $(BIN)/pytest tests/integration/test_campaign_kills.py -q -s -o faulthandler_timeout=0

locate: setup  ## at which hop a block sits, over 3 to 12 kernel routers, as in docs/benchmarks.md: half an hour
	@$(BIN)/python scripts/locate_table.py --virtual --runs 10 --write
	@$(BIN)/python scripts/locate_table.py --write

linetest: setup  ## the browser's line test: each rule three times, a hundred clean lines: a quarter of an hour
	@$(BIN)/python scripts/linetest_table.py --write

judge: setup  ## what nDPI calls the packets of each app profile
	@$(BIN)/python scripts/judge.py

likeness: setup  ## how near the profiles' media are to captured calls: CAPTURES=FOLDER
	@$(BIN)/python scripts/likeness.py --captures $(or $(CAPTURES),../shared/captures) --write

captures: setup  ## what nDPI calls captured calls and their imports: CAPTURES=FOLDER
	@$(BIN)/python scripts/import_table.py --captures $(or $(CAPTURES),../shared/captures) --write

site-check: setup  ## every page of demo/site in a real browser: accessible, complete without scripts, asking nobody
	@$(BIN)/python scripts/site_check.py $(or $(SITE),demo/site)

lock:    ## (maintainers) newest versions into the hashed requirement files
	@scripts/lock.sh

clean:   ## remove .venv and everything the tools keep
	rm -rf .venv .setup.lock .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist out demo
	rm -rf src/*.egg-info .coverage .coverage.* htmlcov
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
