# Popround. `make help` tells what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo simulate torture test lint format conversations understand bench dispatch mutants lock clean

help: ## what each command does
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Set-up happens by itself, from a lock with hashes, and again when the lock changes.
$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Popround needs Python 3.11 or newer. This is $$($(PYTHON) --version)."; exit 1; }
	@echo "Setting up in $(VENV) (once; a minute or so)..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/ready-dev: requirements-dev.lock $(VENV)/ready
	@echo "Adding what the tests need..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/ready ## a whole pretend village on this machine (HEADLESS=1 plays the story in the terminal)
	@$(BIN)/popround demo $(if $(HEADLESS),--headless) $(if $(SEED),--seed $(SEED)) $(if $(PORT),--port $(PORT))

simulate: $(VENV)/ready ## two days of a town with every fault, for each of SEEDS seeds from SEED on; says how to see a broken promise again
	@$(BIN)/popround simulate --days $(or $(DAYS),2) --faults $(or $(FAULTS),all) --seed $(or $(SEED),1) --seeds $(or $(SEEDS),20) $(ARGS)

# Three workers on two cores: some tests wait for processes and clocks. Four are no quicker.
# What was compiled is kept, whatever is set outside: else each process that a test starts does it
# again.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/ready-dev ## every test, on SQLite and on PostgreSQL
	@$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

lint: $(VENV)/ready-dev ## style, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/ready-dev ## put the code into the house style
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

conversations: $(VENV)/ready-dev ## rewrite the conversation scripts as the bot speaks today, to be reviewed with git diff
	@$(BIN)/pytest tests/test_conversations.py tests/test_readme.py --rewrite -p no:xdist

understand: $(VENV)/ready-dev ## how well plain words are understood, field by field
	@$(BIN)/python tools/score_understanding.py

bench: $(VENV)/ready-dev ## measure, side by side
	@$(BIN)/python -m tests.bench

torture: $(VENV)/ready-dev ## everything goes wrong, for MINUTES (60): towns from SEED on (SEEDS: at most so many), real processes killed; ends with what held
	@$(BIN)/python -m tests.torture $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

dispatch: $(VENV)/ready-dev ## ways to choose whom to ask, side by side (docs/dispatch.md); SEEDS=N
	@$(BIN)/python -m tests.dispatch $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

# A room of its own inside the other: mutmut brings a terminal interface and a parser in Rust, which
# nobody needs who runs the tests.
MUTANTS := $(VENV)/mutants
$(VENV)/ready-mutants: $(VENV)/ready-dev
	@$(PYTHON) -m venv $(MUTANTS)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$($(MUTANTS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tests.pth
	@$(MUTANTS)/bin/python -m pip --disable-pip-version-check --quiet install mutmut==3.8.1
	@touch $@

mutants: $(VENV)/ready-mutants ## spoil the rules on purpose: which change does no test notice? RULES="matching timing"
	@$(MUTANTS)/bin/mutmut run --max-children 2 $(foreach rule,$(RULES),"handlers.rules.$(rule).*")
	@$(MUTANTS)/bin/mutmut results
	@$(BIN)/python -m tools.table_mutants $(RULES)
	@$(BIN)/python -m tools.pattern_mutants $(RULES)

lock: $(VENV)/ready-dev ## work out the lock files again from pyproject.toml
	@$(PIP) install uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock --build-constraint /dev/null
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what set-up and tests made
	@rm -rf $(VENV) build mutants *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
