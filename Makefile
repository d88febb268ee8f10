# make run     the main job: an embedded Mesos, the scheduler, the executor, real containers
# make test    all tests, on a real Docker engine
# make check   ruff, mypy and the architecture's sentences
# make bench   how fast we are, with the floor beside it (bench-quick: in under two minutes)
# make setup   what the others call first: .venv/ and a Docker engine that answers
# make clean   removes what these made in this folder, and stops the dockerd that setup started

PYTHON := .venv/bin/python
PYTEST_ARGS ?=

.PHONY: help setup setup-tests run test check bench bench-quick clean
help:
	@sed -n 's/^# //p' Makefile

setup:
	@deploy/setup.sh

setup-tests:
	@deploy/setup.sh tests

run: setup
	@$(PYTHON) -m deploy.demo

test: setup-tests
	@$(PYTHON) -m pytest $(PYTEST_ARGS)

check: setup-tests
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup-tests
	@$(PYTHON) -m tests.bench

bench-quick: setup-tests
	@$(PYTHON) -m tests.bench --quick

clean:
	@deploy/setup.sh stop
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
