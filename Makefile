# make run     the main job: an embedded Mesos, the scheduler, the executor, real containers
# make test    all tests, on a real Docker engine
# make check   ruff, mypy and the architecture's sentences
# make soak MINUTES=10 SEED=N MASTER=HOST:PORT
#              tasks run while their executor, its agent, a dockerd of their own and the network are disturbed; nothing may
#              be lost. MESOS_BUILD=FOLDER starts a real Mesos for it; SOAK_ARGS="--agent-command '…'" of a MASTER
# make soak-serve MINUTES=10 SEED=N MASTER=HOST:PORT
#              apps come, change and go while containers, agents and the service are killed; then everything must be right
# make test-hosts HOSTS="debian12-v1 debian12 debian13 sid sid-containerd mesos clusterd podman"
#              the same on other distributions, in virtual machines (as root, with KVM; HOSTS_IN=uml: without); the
#              table goes into README
# make soak-page
#              the web page with 1,000 apps, 10,000 instances and 100 changes a second for half a minute
# make bench   how fast we are, with the floor beside it (bench-quick: in under two minutes)
# make setup   only what the others begin with: .venv/ and a Docker engine that answers
# make clean   removes what these made in this folder, and stops the dockerd that `make setup` started

SETUP := deploy/setup.sh
PYTHON := .venv/bin/python
WORKERS ?= 4#            tests side by side: more than processors, as most of them wait; 0: one after the other
PYTEST_ARGS ?=
MINUTES ?= 10
SEED ?=
MASTER ?=
HOSTS ?=#                all

.PHONY: help setup run test test-hosts check bench bench-quick soak soak-serve soak-page clean
help:
	@sed -n 's/^# //p' Makefile

setup:
	@$(SETUP)

run:
	@$(SETUP) exec $(PYTHON) -m deploy.demo

test:
	@$(SETUP) tests exec $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-hosts:
	@$(SETUP) tests
	@$(PYTHON) -m tests.hosts $(HOSTS)

check:
	@$(SETUP) tests
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench:
	@$(SETUP) tests exec $(PYTHON) -m tests.bench

bench-quick:
	@$(SETUP) tests exec $(PYTHON) -m tests.bench --quick

soak:
	@$(SETUP) tests exec $(PYTHON) -m tests.soak.executors --minutes $(MINUTES) \
		$(if $(SEED),--seed $(SEED)) $(if $(MASTER),--master $(MASTER)) $(SOAK_ARGS)

soak-serve:
	@$(SETUP) tests exec $(PYTHON) -m tests.soak.serve --minutes $(MINUTES) \
		$(if $(SEED),--seed $(SEED)) $(if $(MASTER),--master $(MASTER)) $(SOAK_ARGS)

soak-page:
	@$(SETUP) tests exec env PAGE_LOAD=1 $(PYTHON) -m pytest tests/scheduler/api/page/test_load.py $(PYTEST_ARGS)

clean:
	@$(SETUP) stop
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
