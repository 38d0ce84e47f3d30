# Every command that a person needs. "make" alone lists them.
# Only Python 3.11 or newer, make and a package registry must be there; the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CALL ?=
REF ?=
FROM ?=
# Each in quotes, since an address may hold what the shell takes for its own.
PLACES = $(foreach place,$(FROM),'$(place)')

.DEFAULT_GOAL := help
.PHONY: help demo test faults soak mutants bench profile check lint format types generate check-generated update-spec spec-diff api-diff lock build clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
		awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# constraints.txt pins everything with hashes; the project itself is linked in, not copied.
$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "installing into $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Fetch a call from the sandbox and show it (CALL=<id>: from the live API, with PURETALK_API_KEY)
	@$(BIN)/puretalk $(if $(CALL),get -- '$(CALL)',demo)

test: $(STAMP) ## Run all tests; no network but loopback
	@$(BIN)/python -X dev -m pytest -q

faults: $(STAMP) ## Print the fault table: every fault over every transport
	@$(BIN)/python -m tests.faults.table

soak: $(STAMP) ## 20,000 calls with faults and 1,000 cancellations over each transport: nothing is left behind
	@$(BIN)/python -m tests.faults.soak

mutants: $(STAMP) ## Take out one guarantee at a time, and see a test fail
	@$(BIN)/python -m tests.faults.mutate

# The clients to compare with have a venv of their own, so that .venv stays small.
BENCH_STAMP := .venv-bench/.installed
$(BENCH_STAMP): tests/benchmarks/requirements.txt
	@echo "installing into .venv-bench ..."
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
		-r tests/benchmarks/requirements.txt
	@touch $@

bench: $(STAMP) $(BENCH_STAMP) ## Measure against other clients, side by side; writes docs/benchmarks.md (8 minutes)
	@$(BIN)/python -m tests.benchmarks.bench --extras .venv-bench/bin/python

profile: $(STAMP) ## Say where the time of one fetch goes
	@$(BIN)/python -m tests.benchmarks.profile_fetch

check: lint types check-generated test ## All that CI runs

lint: $(STAMP) ## Lint, and check the format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

format: $(STAMP) ## Mend format and lint where that can be done by itself
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

types: $(STAMP) ## Check the types: mypy --strict and pyright
	@$(BIN)/mypy --no-error-summary overlay/puretalk_client generated/puretalk_generated overlay/spec_tools overlay/*.py tests
	@$(BIN)/pyright --warnings

generate: $(STAMP) ## Generate generated/ from openapi.yaml
	@$(BIN)/python overlay/regenerate.py

check-generated: $(STAMP) ## Fail where generated/ is not what openapi.yaml makes
	@$(BIN)/python overlay/regenerate.py --check

update-spec: $(STAMP) ## Take over the vendor's new document: FROM="file, URL or page ..."
	@$(BIN)/python overlay/update_spec.py $(PLACES)

spec-diff: $(STAMP) ## Say what taking it over would change, and for whom: FROM="..."; touches nothing
	@$(BIN)/python overlay/update_spec.py --dry-run $(PLACES)

api-diff: $(STAMP) ## List what breaks callers of the Python API since the last release (REF=<tag>: since another)
	@$(BIN)/python overlay/api_changes.py $(if $(REF),-- '$(REF)')

lock: $(STAMP) ## Pin the tools again, after a change in pyproject.toml
	@$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --output-file constraints.txt
	@$(BIN)/uv pip compile --quiet tests/benchmarks/requirements.in --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate \
		--output-file tests/benchmarks/requirements.txt

build: $(STAMP) ## Build the wheel and the source distribution into dist/
	@$(BIN)/hatchling build

clean: ## Remove what these commands made
	rm -rf $(VENV) .venv-bench dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
