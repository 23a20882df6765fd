# Two commands do everything, set-up included: `make acceptance` and `make test`. `make bench` measures.
#
#   make acceptance ARGS='-t "US-3 AC-2*" --randomize all'   more options for robot
#   make acceptance S3_SERVER=seaweedfs                      another server (resources/s3_servers)
#   make acceptance MIGRATOR='/opt/acme/migrator --fast'     another migrator
#   make acceptance PROCESSES=1                              one scenario after the other, as plain robot does
#   make acceptance PATIENCE=3                               three times as long until a wait is given up
#   make bench SCALE=0.1 CASES=csv,small ROUNDS=1            a tenth of the size, two cases, one round

SHELL := /bin/sh
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
VENV := .venv/bin
HARNESS := PYTHONPATH=libraries $(VENV)/python -m
ARGS ?=
SCALE ?= 1
CASES ?=
ROUNDS ?= 3

# Robot's and the checks' own options; ARGS may add to them.
S3_SERVER ?=
S3_IMAGE ?=
S3_ENDPOINT_URL ?=
MIGRATOR ?=
# A Python that has Dask and that migrator's package, for the scenarios on a cluster.
CLUSTER_PYTHON ?=
# A folder of earlier traceability.json files, for the trend on the page.
HISTORY ?=
# How many processes share the scenarios (cores + 2, at most 8), and a factor on all time limits that end a wait.
PROCESSES ?=
PATIENCE ?=
export S3_SERVER S3_IMAGE S3_ENDPOINT_URL MIGRATOR CLUSTER_PYTHON HISTORY PROCESSES PATIENCE

.PHONY: acceptance report docs test test-long test-browser bench scale image check-style check-types check-scenarios check-tests run-venv dev-venv bench-venv have-python

acceptance: run-venv
	@$(HARNESS) harness.acceptance $(ARGS)

# The pages of the last run anew, from its output.xml and evidence.
report: run-venv
	@$(VENV)/python libraries/report results/output.xml $(if $(HISTORY),--history "$(HISTORY)")

docs: dev-venv
	@$(VENV)/python scripts/keyword_docs.py

test: check-style check-types check-scenarios check-tests

# The same with every crash point, many more damaged states, and minutes of fuzzing: about half an hour.
test-long: export TEST_LONG = 1
test-long: test

bench: bench-venv
	@$(HARNESS) bench --scale $(SCALE) --cases "$(CASES)" --rounds $(ROUNDS) $(ARGS)

# The model of docs/scale.md, fed by bench/RESULTS.md and held against 1, 2 and 4 workers; a quiet machine, please.
scale: bench-venv
	@$(HARNESS) bench.scale --measure $(ARGS)

image: run-venv
	@$(HARNESS) harness.prepare

# Broken migrators before the suite: `make mutants ARGS='no-lock leading-zeros-lost'` tries these alone.
mutants: dev-venv
	@$(HARNESS) harness.prepare
	@$(HARNESS) mutants $(ARGS)

check-style: dev-venv
	@echo "Checking style (ruff) …"
	@$(VENV)/ruff check --quiet .
	@$(VENV)/ruff format --quiet --check .

check-types: dev-venv
	@echo "Checking types (mypy, some seconds) …"
	@$(VENV)/mypy --no-error-summary migrator libraries scripts mutants docs

check-scenarios: dev-venv
	@echo "Checking scenarios (robocop, robot --dryrun) …"
	@$(VENV)/robocop check acceptance resources
	@$(VENV)/robot --dryrun --output NONE --log NONE --report NONE --console dotted acceptance

check-tests: dev-venv
	@$(HARNESS) harness.prepare
	@echo "Running the tests (pytest) …"
	@$(VENV)/python -m pytest --quiet --numprocesses auto --dist worksteal --ignore tests/browser --junitxml results/tests.xml $(ARGS)

# The page in a real browser; Chromium of the system, or of Playwright where there is none.
test-browser: dev-venv
	@$(VENV)/python scripts/browser.py
	@$(VENV)/python -m pytest --quiet tests/browser --junitxml results/browser-tests.xml $(ARGS)

run-venv: have-python
	@$(PYTHON) scripts/bootstrap.py run

dev-venv: have-python
	@$(PYTHON) scripts/bootstrap.py dev

bench-venv: have-python
	@$(PYTHON) scripts/bootstrap.py bench

have-python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer is on the PATH; 'sudo apt-get install python3' installs one."; exit 1; }
