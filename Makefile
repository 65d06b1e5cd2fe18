# Murmuration. `make` alone lists what there is. Needed: Python 3.11 or newer, and make; `uv` is used where it is.
PYTHON ?= python3
BIN := .venv/bin
DJANGO := $(BIN)/python manage.py
THROW_AWAY := $(BIN)/python -m config.embedded

.DEFAULT_GOAL := help
.PHONY: help run demo check test explore plant bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: .venv/installed ## start everything: database, web, relay, workers (PORT, DATABASE_URL, CELERY_BROKER_URL)
	@exec $(BIN)/python -m config.run

demo: .venv/installed ## against what runs: place one order of each kind and print each history
	@$(DJANGO) demo

check: .venv/installed-dev ## format, lint, types, imports, migrations, settings, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(THROW_AWAY) $(DJANGO) makemigrations --check --dry-run
	$(DJANGO) check --fail-level WARNING
	$(DJANGO) event_catalog --check
	$(DJANGO) api_documents --check

# In two lanes (tests/lanes.py), but for a broker that is given: they would take each other's messages.
test: .venv/installed-dev ## all tests, on throw-away PostgreSQLs (TEST_DATABASE_URL, TEST_BROKER_URL; ARGS="-k word")
	$(BIN)/python -m pytest -n $(if $(TEST_BROKER_URL),0,2) $(ARGS)

explore: .venv/installed-dev ## the state machine of tests/every_order, for long (RUNS, SEED, STEPS, PROCESSES)
	@EVERY_ORDER_RUNS=$(or $(RUNS),20000) EVERY_ORDER_STEPS=$(or $(STEPS),20) \
	    EVERY_ORDER_SEED=$(SEED) EVERY_ORDER_PROCESSES=$(PROCESSES) $(BIN)/python -m pytest tests/every_order $(ARGS)

plant: .venv/installed-dev ## bugs, each in a copy of the project, and see that the tests catch them (ARGS="its words")
	@$(BIN)/python -m tests.planted_bugs $(ARGS)

bench: .venv/installed-dev ## the engine against a plain Celery chain, in turn (ARGS="--help")
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv and caches; the data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

# The stamps say for which requirements the environment was made. One without Python, or whose Python has moved away, is
# begun anew before make sees its stamps; one that was cut off before it got pip gets it.
_ := $(shell [ -x $(BIN)/python ] || rm -rf .venv)

.venv/installed: requirements.txt | .venv/bin/python
	@$(call install,$<)

.venv/installed-dev: requirements-dev.txt | .venv/bin/python
	@$(call install,$<)

# Compiled once, as pip does: where Python may not write its bytecode, each process would compile all that it imports.
define install
echo "installing $(1)"; \
if command -v uv >/dev/null; \
then VIRTUAL_ENV=.venv uv pip install --quiet --compile-bytecode --require-hashes -r $(1); \
else { $(BIN)/python -m pip --version || $(BIN)/python -m ensurepip --upgrade; } >/dev/null 2>&1; \
    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); \
fi && touch $@
endef

.venv/bin/python:
	@if command -v uv >/dev/null; \
	then uv venv --quiet --python '>=3.11' .venv; \
	else $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.x")' \
	    && $(PYTHON) -m venv .venv; \
	fi || { rm -rf .venv; exit 1; }
