# Everything is built in .venv, which is made when it is missing.
PYTHON ?= python3
BIN := .venv/bin
# Many tests wait, and those that talk in real time do little else.
PROCESSES ?= 3
LIVE_PROCESSES ?= 6
PYTEST := $(BIN)/python -m pytest

# The tests start hundreds of programs: what Python has compiled is kept, whatever the environment says.
test soak: export PYTHONDONTWRITEBYTECODE :=
# What each run of pytest has skipped is collected, and said once at the end.
test: export TESTS_SKIPPED := .venv/skipped-tests

.DEFAULT_GOAL := help
.PHONY: help install run test coverage lint check demo bench bench-peers soak screenshots security audit clean

help:  ## say what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2} END{print ""}' $(MAKEFILE_LIST)
	@echo "Times are those of two cores. One file of tests, or one test of it:"
	@echo "  make .venv/installed-test"
	@echo "  $(BIN)/python -m pytest tests/programs/test_cli.py"
	@echo "  $(BIN)/python -m pytest tests/programs/test_cli.py -k wrong_use"

.venv/installed: setup.cfg pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what ringback needs into .venv ..."
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-test: .venv/installed
	@echo "Installing what the tests need into .venv ..."
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

install: .venv/installed  ## make .venv with ringback in it

run: .venv/installed  ## run web, scheduler and the sample customer
	@$(BIN)/ringback serve --sample

test: .venv/installed-test  ## run the tests, about 9 min; what is skipped is said at the end, and what to install for it
	@rm -f $(TESTS_SKIPPED)
	@$(PYTEST) --numprocesses=$(PROCESSES) --dist=worksteal -m 'not soak and not live'
	@$(PYTEST) --numprocesses=$(LIVE_PROCESSES) --dist=worksteal -m 'not soak and live' tests/carriers
	@$(BIN)/python tests/external_programs.py $(TESTS_SKIPPED)

coverage: .venv/installed-test  ## run the tests and say which lines and branches they miss; fails below the floor
	@$(BIN)/coverage erase
	@$(MAKE) --no-print-directory test PYTEST='$(BIN)/coverage run -m pytest'
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

lint: .venv/installed-test  ## look for mistakes without running anything, about 1 min: ruff, mypy and bandit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app scheduler wsgi.py

check: lint test  ## lint and test

demo: .venv/installed  ## queue a call and a list against the sample customer and watch them end
	@$(BIN)/ringback demo

bench: .venv/installed-test  ## measure speed beside plain code doing the same work, about 20 min
	@$(BIN)/python -m tests.bench

.venv/peers/installed: tests/bench/peers/requirements.txt
	@test -x .venv/peers/bin/python || $(PYTHON) -m venv .venv/peers
	@echo "Installing other job queues into .venv/peers ..."
	@.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

bench-peers: .venv/installed-test .venv/peers/installed  ## the same beside other job queues (needs redis-server)
	@$(BIN)/python -m tests.bench huey dramatiq procrastinate

security: .venv/installed-test  ## attack it, about 15 min: five minutes of made-up requests per server, slow clients
	@GENERATOR_SECONDS=300 $(BIN)/python -m pytest -s tests/security tests/outside

audit: .venv/installed  ## ask the vulnerability databases about what is installed (needs the network)
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[audit]'
	@$(BIN)/pip-audit --strict --skip-editable

soak: .venv/installed-test  ## the long tests, half an hour and more: programs killed, stopped and overloaded, growth, all on both databases
	@$(BIN)/python -m tests.crash --side-by-side=4
	@GENERATOR_SECONDS=60 $(BIN)/python -m pytest --numprocesses=$(PROCESSES) --dist=worksteal -m 'soak and not live'
	@$(BIN)/python -m pytest -m 'soak and live' tests/carriers

screenshots: .venv/installed-test  ## every page in light, in dark and on a telephone, into var/screenshots (needs chromium)
	@PYTHONPATH=tests $(BIN)/python tests/browser/screenshots.py

clean:  ## remove .venv, caches and build results
	rm -rf .venv build dist *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
