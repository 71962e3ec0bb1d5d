# Every target sets up what it needs; `make help` lists them. Nothing is rebuilt that did not change.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
setup = @tools/setup

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## everything needed to run: virtual environment, Rust core, browser assets
	$(setup) run

demo: ## play a small plant with attacks, three tiers of console on localhost (ONCE=1 ends after the summary; STORE=elasticsearch)
	$(setup) run range $(if $(filter elasticsearch,$(STORE)),elastic)
	@.venv/bin/otus demo $(if $(ONCE),--once) $(if $(STORE),--store $(STORE)) $(ARGS)

test: ## all tests: Rust core, Python, captures, end to end, browser (ARGS go to pytest)
	$(setup) run range dev test
	@tools/test $(ARGS)

test-all: ## make test, and what would make it longer than 25 minutes
	$(setup) run range dev test wheels emulate images
	@tools/test --all

check: ## lint, types, clippy, drift tests
	$(setup) run range dev
	@tools/check

bench: ## our own figures and those of others on generated traffic (QUICK=1: a minute; ARGS="--only rules")
	$(setup) run
	@$(PYTHON) -m tools.bench $(if $(QUICK),--quick) $(ARGS)

profile: ## watch the core at work, for the compiler: to be done again when the core has changed much (ten minutes)
	$(setup) run range
	@$(PYTHON) -m tools.profile

fuzz: ## feed everything that reads a stranger's bytes with bytes nobody thought of (MINUTES=10 for all; ARGS=modbus picks some)
	$(setup) run fuzz
	@$(PYTHON) -m tools.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

golden: ## rewrite the golden files; read the diff like code
	$(setup) run dev
	@$(PYTHON) -m tests.golden

schema: ## regenerate the JSON Schema of what travels between tiers, and docs/protocols
	$(setup) run
	@$(PYTHON) -m sensor.schema.batch
	@$(PYTHON) -m sensor.schema.pages

format: ## put Rust and Python into their format
	$(setup) run dev
	@cd sensor/core && cargo fmt
	@.venv/bin/ruff check --fix-only --quiet . && .venv/bin/ruff format --quiet .

wheels: ## what pip installs without Rust and Node, for x86_64 and aarch64, in dist/
	$(setup) wheels aarch64
	@tools/wheels

images: ## container images of sensor, console and range, by buildah (docker/README.md)
	$(setup) wheels images
	@tools/images

lock: ## take the newest Python packages that pyproject.toml allows into tools/constraints.txt
	@tools/lock

clean: ## remove what was built here (the captures, the rules and your data stay)
	rm -rf .venv sensor/core/target sensor/core/fuzz/target console/node_modules console/static/vendor build dist artefacts sensor/_core*.so

.PHONY: help setup demo test test-all check bench profile fuzz golden schema format wheels images lock clean
