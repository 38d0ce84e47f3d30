# Every command that a person needs. "make" alone lists them.
# Only Python 3.11 or newer, make and a package registry must be there; the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := .venv-demo
DEMO_STAMP := $(DEMO)/.installed
LOWEST := .venv-lowest
DOCS := .venv-docs
DOCS_STAMP := $(DOCS)/.installed
CODEGEN := PYTHONPATH=overlay $(BIN)/python -m codegen
CALL ?=
REF ?=
FROM ?=
ADD ?=
# Each in quotes, since a URL may hold characters that mean something to the shell.
LOCATIONS = $(if $(ADD),--add) $(foreach location,$(FROM) $(ADD),'$(location)')

.DEFAULT_GOAL := help
.PHONY: help demo test lowest faults soak mutants bench profile docs check lint format types generate check-generated update-spec spec-diff api-diff lock build clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
		awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# requirements/dev.txt pins everything with hashes; the project itself is linked in, not copied. Where .venv is a link,
# the environment behind it belongs to something else too, and is not cleared.
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "Installing the development tools into $(VENV) (once, about 800 MB) ..."
	@test -L $(VENV) || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Only what the package and its sandbox need, so that a first look takes seconds.
$(DEMO_STAMP): requirements/demo.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "Installing the package's dependencies into $(DEMO) (once, about 40 MB) ..."
	@$(PYTHON) -m venv --clear $(DEMO)
	@$(DEMO)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/demo.txt
	@touch $@

# The id reaches the command through the environment: neither make nor a shell reads what is in it.
unexport CALL
demo: export DEMO_CALL = $(value CALL)
demo: $(DEMO_STAMP) ## Fetch a call from the sandbox and show it (CALL=<id>: from the live API, with PURETALK_API_KEY)
	@if [ -n "$$DEMO_CALL" ]; then set -- get -- "$$DEMO_CALL"; else set -- demo; fi; \
		PYTHONPATH=overlay:generated $(DEMO)/bin/python -m puretalk_client "$$@"

test: $(STAMP) ## Run all tests; no network but loopback
	@PYTHONDEVMODE=1 $(BIN)/python -m pytest -q -n auto --dist worksteal

# The tests left out need schemathesis, which does not allow these versions.
lowest: $(LOWEST)/.installed ## Run the unit tests and faults with the lowest versions that pyproject.toml allows
	@PYTHONPATH=overlay:generated $(LOWEST)/bin/python -m pytest -q -n auto --dist worksteal tests/unit tests/faults \
		--ignore=tests/unit/testing/test_conformance.py --ignore=tests/unit/testing/test_samples.py

$(LOWEST)/.installed: requirements/lowest.txt
	@echo "Installing the lowest versions into $(LOWEST) ..."
	@$(PYTHON) -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/lowest.txt
	@touch $@

faults: $(STAMP) ## Print the fault table: every fault over every transport
	@$(BIN)/python -m tests.faults.table

soak: $(STAMP) ## 20,000 requests with faults, 1,000 cancellations, 1,000 loops that are left: nothing stays behind
	@$(BIN)/python -m tests.faults.soak

mutants: $(STAMP) ## Remove one guarantee at a time, and see a test fail
	@$(BIN)/python -m tests.mutation.mutate

# The clients to compare with have a venv of their own, so that .venv stays small.
BENCH_STAMP := .venv-bench/.installed
$(BENCH_STAMP): tests/bench/requirements.txt
	@echo "installing into .venv-bench ..."
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
		-r tests/bench/requirements.txt
	@touch $@

bench: $(STAMP) $(BENCH_STAMP) ## Measure against other clients, side by side; writes docs/benchmarks.md (6 minutes)
	@$(BIN)/python -m tests.bench.bench --extras .venv-bench/bin/python
	@$(BIN)/python -m tests.bench.many

profile: $(STAMP) ## Say where the time of one fetch goes
	@$(BIN)/python -m tests.bench.profile_fetch

$(DOCS_STAMP): requirements/docs.txt
	@echo "Installing the tools of the site into $(DOCS) (once, about 250 MB) ..."
	@$(PYTHON) -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

docs: $(DOCS_STAMP) ## Build the site into docs/_build, without a network, and check its links and its search
	@rm -rf docs/_build
	@$(DOCS)/bin/python -m sphinx --quiet --nitpicky --fail-on-warning --keep-going docs docs/_build
	@$(DOCS)/bin/python -m tests.docs.site

check: lint types check-generated test ## All that CI runs

lint: $(STAMP) ## Check style, format, import layers and vocabulary
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@PYTHONPATH=overlay:generated $(BIN)/lint-imports --no-cache >.lint-imports.log || { cat .lint-imports.log; exit 1; }
	@$(BIN)/python -m tests.docs.vocabulary

format: $(STAMP) ## Fix format and lint where ruff can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

types: $(STAMP) ## Check the types: mypy --strict and pyright
	@$(BIN)/mypy --no-error-summary overlay/puretalk_client generated/puretalk_generated overlay/codegen overlay/templates/runtime tests
	@$(BIN)/pyright --warnings
	@PYTHONPATH=overlay:generated $(BIN)/pyright --verifytypes puretalk_client --ignoreexternal >.verifytypes.log || { cat .verifytypes.log; exit 1; }

generate: $(STAMP) ## Generate generated/ from openapi.yaml
	@$(CODEGEN) generate

check-generated: $(STAMP) ## Fail if generated/ does not match openapi.yaml
	@$(CODEGEN) check

# With status 2 the update is done and follow-ups are left, which the last line counts: make does not fail.
update-spec: $(STAMP) ## Replace openapi.yaml: FROM="file, URL or page ..."; or add pages to it: ADD="..."
	@$(CODEGEN) update $(LOCATIONS) || [ $$? -eq 2 ]

spec-diff: $(STAMP) ## Report what that would change, and for whom: FROM="..." or ADD="..."; changes nothing
	@$(CODEGEN) diff $(LOCATIONS)

api-diff: $(STAMP) ## List breaking changes to the Python API since the last release (REF=<tag>: since another)
	@$(CODEGEN) api-diff $(if $(REF),-- '$(REF)')

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate

lock: $(STAMP) ## Pin the dependencies again, after a change in pyproject.toml
	@$(COMPILE) pyproject.toml --extra aiohttp --extra testing --extra cli --extra arrow --group dev --output-file requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra testing --extra cli --constraint requirements/dev.txt --output-file requirements/demo.txt
	@$(COMPILE) pyproject.toml --extra aiohttp --extra testing --extra cli --group test --resolution lowest-direct \
		--output-file requirements/lowest.txt
	@$(COMPILE) pyproject.toml --extra testing --group docs --output-file requirements/docs.txt
	@$(COMPILE) tests/bench/requirements.in --output-file tests/bench/requirements.txt

build: $(STAMP) ## Build the wheel and the source distribution into dist/
	@$(BIN)/hatchling build

clean: ## Remove what these commands made
	rm -rf $(VENV) $(DEMO) $(LOWEST) $(DOCS) .venv-bench dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
