# Every command that a person needs. "make" alone lists them.
# Only Python 3.11 or newer, make and a package registry must be there; the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := .venv-demo
DEMO_STAMP := $(DEMO)/.installed
LOWEST := .venv-lowest
PACKAGE := .venv-package
WHEEL := .venv-wheel
ADVISORY := .venv-advisory
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
.PHONY: help demo test test-engines test-wheel test-sdist lowest faults soak mutants bench profile recordings docs check check-package lint format types types-advisory generate check-generated update-spec spec-diff api-diff lock build clean

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

# Each engine has an environment of its own, so that .venv stays small. Ray 2.60 has no wheel for Python 3.15.
ENGINES = dask $(shell $(PYTHON) -c 'import sys; print("ray" * (sys.version_info < (3, 15)))') dlt
test-engines: ## Run the exports on Dask, Ray and dlt, from files of examples/ too; no network but loopback
	@$(MAKE) --no-print-directory $(ENGINES:%=.venv-%/.installed)
	@for engine in $(ENGINES); do echo "$$engine:"; \
		PYTHONPATH=overlay:generated .venv-$$engine/bin/python -m pytest -q tests/engines/test_$$engine.py || exit 1; done

.venv-dask/.installed .venv-ray/.installed .venv-dlt/.installed: .venv-%/.installed: requirements/%.txt
	@echo "Installing $* into $(@D) (once, about 400 MB) ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The tests left out need schemathesis, which does not allow these versions.
CONFORMANCE := --ignore=tests/unit/testing/test_conformance.py
lowest: $(LOWEST)/.installed ## Run the unit tests and faults with the lowest versions that pyproject.toml allows
	@PYTHONPATH=overlay:generated $(LOWEST)/bin/python -m pytest -q -n auto --dist worksteal tests/unit tests/faults $(CONFORMANCE)

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

recordings: $(STAMP) ## Draw the pictures of the command for the documentation again
	@$(BIN)/python -m tests.docs.recordings

$(DOCS_STAMP): requirements/docs.txt
	@echo "Installing the tools of the site into $(DOCS) (once, about 250 MB) ..."
	@$(PYTHON) -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

docs: $(DOCS_STAMP) ## Build the site into docs/_build, without a network, and check its links and its search
	@rm -rf docs/_build
	@$(DOCS)/bin/python -m sphinx --quiet --nitpicky --fail-on-warning --keep-going docs docs/_build
	@$(DOCS)/bin/python -m tests.docs.site

check: lint types check-generated check-package test test-engines ## All that CI runs in its main job

lint: $(STAMP) ## Check style, format, import layers and vocabulary
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@PYTHONPATH=overlay:generated $(BIN)/lint-imports --no-cache >.lint-imports.log || { cat .lint-imports.log; exit 1; }
	@$(BIN)/python -m tests.docs.vocabulary

format: $(STAMP) ## Fix format and lint where ruff can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

types: $(STAMP) ## Check the types: mypy --strict and pyright
	@$(BIN)/mypy --no-error-summary overlay/puretalk_client generated/puretalk_generated overlay/codegen overlay/templates/runtime requirements tests
	@$(BIN)/pyright --warnings
	@for package in puretalk_client puretalk_generated; do \
		PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=overlay:generated $(BIN)/pyright --verifytypes $$package --ignoreexternal \
			>.verifytypes.log || { cat .verifytypes.log; exit 1; }; \
	done

# They take their settings from pyproject.toml and the environment of the project; no status of theirs is a failure.
types-advisory: $(STAMP) $(ADVISORY)/.installed ## Show what ty and pyrefly think of the types; never fails
	@-$(ADVISORY)/bin/ty check --python $(VENV) --extra-search-path overlay --extra-search-path generated \
		--output-format concise overlay/puretalk_client generated tests/typing
	@-$(ADVISORY)/bin/pyrefly check --python-interpreter-path $(BIN)/python --search-path overlay --search-path generated \
		--search-path . --output-format min-text overlay/puretalk_client tests/typing

$(ADVISORY)/.installed: requirements/advisory.txt
	@echo "Installing ty and pyrefly into $(ADVISORY) (once, about 100 MB) ..."
	@$(PYTHON) -m venv --clear $(ADVISORY)
	@$(ADVISORY)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/advisory.txt
	@touch $@

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
	@$(COMPILE) pyproject.toml --extra aiohttp --extra testing --extra cli --extra arrow --extra otel --group dev --output-file requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra testing --extra cli --constraint requirements/dev.txt --output-file requirements/demo.txt
	@$(COMPILE) pyproject.toml --extra aiohttp --extra testing --extra cli --extra arrow --extra otel --group test \
		--constraint requirements/dev.txt --output-file requirements/test.txt
	@$(COMPILE) pyproject.toml --extra aiohttp --extra testing --extra cli --extra arrow --extra otel --group test \
		--resolution lowest-direct --output-file requirements/lowest.txt
	@$(COMPILE) pyproject.toml --extra arrow --extra dask --extra testing --group engines --constraint requirements/dev.txt \
		--output-file requirements/dask.txt
	@$(COMPILE) pyproject.toml --extra arrow --extra ray --extra testing --group engines --constraint requirements/dev.txt \
		--output-file requirements/ray.txt
	@$(COMPILE) pyproject.toml --extra arrow --extra testing --group engines --group dlt --constraint requirements/dev.txt \
		--output-file requirements/dlt.txt
	@$(COMPILE) --group package --output-file requirements/package.txt
	@$(COMPILE) --group advisory --output-file requirements/advisory.txt
	@$(COMPILE) pyproject.toml --extra testing --group docs --output-file requirements/docs.txt
	@$(COMPILE) tests/bench/requirements.in --output-file tests/bench/requirements.txt

build: $(STAMP) ## Build the wheel and the source distribution into dist/
	@rm -rf dist
	@$(BIN)/hatchling build

# AuthorEmail: the project has no address for email.
check-package: build $(PACKAGE)/.installed ## Check the wheel, the source distribution, the metadata and the workflows
	@$(PACKAGE)/bin/twine --no-color check --strict dist/* >.package.log || { cat .package.log; exit 1; }
	@$(PACKAGE)/bin/check-wheel-contents dist/*.whl >.package.log || { cat .package.log; exit 1; }
	@$(PACKAGE)/bin/pyroma --min 10 --skip-tests AuthorEmail dist/*.tar.gz >.package.log || { cat .package.log; exit 1; }
	@$(PACKAGE)/bin/validate-pyproject pyproject.toml >.package.log || { cat .package.log; exit 1; }
	@$(PACKAGE)/bin/repo-review . >.package.log || { cat .package.log; exit 1; }
	@$(PACKAGE)/bin/zizmor --offline --quiet --pedantic .github >.package.log || { cat .package.log; exit 1; }
	@$(PACKAGE)/bin/python tests/package/validate_sbom.py dist/*.whl

$(PACKAGE)/.installed: requirements/package.txt
	@echo "Installing the checkers of packages into $(PACKAGE) (once, about 150 MB) ..."
	@$(PYTHON) -m venv --clear $(PACKAGE)
	@$(PACKAGE)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/package.txt
	@touch $@

# First as users get it: the wheel, and what its metadata asks for. Then with the test group, still without overlay/, so
# that the comparison of the generated package with the generator is left out; test-sdist has it.
test-wheel: build ## Run the unit tests against the built wheel, in an environment made for it
	@$(PYTHON) -m venv --clear $(WHEEL)
	@$(WHEEL)/bin/python -m pip install -qq --disable-pip-version-check dist/*.whl
	@cd dist && ../$(WHEEL)/bin/python -I ../tests/package/smoke.py
	@$(WHEEL)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/test.txt
	@$(WHEEL)/bin/python -m pip check --disable-pip-version-check
	@$(WHEEL)/bin/python -m pytest -q -n auto --dist worksteal tests/unit $(CONFORMANCE) \
		--ignore=tests/unit/generated/test_generated_package.py

# The folder in dist/ has nothing but what the archive has; the tests and the package come from there.
test-sdist: test-wheel ## Unpack the source distribution and run its unit tests
	@rm -rf dist/unpacked && mkdir dist/unpacked && tar -xzf dist/*.tar.gz -C dist/unpacked --strip-components 1
	@cd dist/unpacked && PYTHONPATH=overlay:generated ../../$(WHEEL)/bin/python -m pytest -q -n auto --dist worksteal \
		tests/unit $(CONFORMANCE)

clean: ## Remove what these commands made
	rm -rf $(VENV) $(DEMO) $(LOWEST) $(PACKAGE) $(WHEEL) $(ADVISORY) $(DOCS) .venv-bench .venv-dask .venv-ray .venv-dlt dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
