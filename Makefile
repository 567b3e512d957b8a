# Everything a developer runs. `make` alone lists the targets.
PYTHON := .venv/bin/python
STOCKWISE := .venv/bin/stockwise
SETUP := sh .ci/python .ci/bootstrap.py
FAST := not database and not slow and not soak and not browser and not debian and not redis

.DEFAULT_GOAL := help
.PHONY: help setup demo serve check test test-fast test-spark soak openapi docs-site lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv from requirements.lock, so that .venv/bin/stockwise runs
	@$(SETUP)

demo: setup ## Build three demo shops, run everything once and serve it
	@$(STOCKWISE) demo

serve: setup ## Serve the API
	@$(STOCKWISE) serve

check: setup ## Lint, format, types, import contracts, SQL, migrations
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/sqlfluff lint --disable-progress-bar --processes 0 dbt
	$(PYTHON) -m core.postgres.check
	$(PYTHON) -m api.openapi_file

test: setup ## All tests but the soak tests; installs Chromium and PostgreSQL when root on Debian
	@$(PYTHON) .ci/run_tests.py

test-fast: setup ## The tests that need no server and little time
	@env -u PYTHONDONTWRITEBYTECODE $(PYTHON) -m pytest -m "$(FAST)" -n auto --maxprocesses 4 --dist loadfile

test-spark: setup ## Build the warehouse on DuckDB and on Spark and compare (OPTIONS="--lines 100000")
	@$(PYTHON) .ci/run_spark.py $(OPTIONS)

soak: setup ## The full forms of the long checks
	@$(PYTHON) -m pytest -m soak --timeout 3600

openapi: ## Renew docs/reference/openapi.json from the API
	@$(PYTHON) -m api.openapi_file --write

docs-site: setup ## Write one page that explains the warehouse's tables, columns and tests
	@$(STOCKWISE) warehouse docs

lock: ## Renew requirements.lock and requirements-spark.lock from pyproject.toml (UPGRADE=1 for newer versions)
	@sh .ci/python .ci/lock.py $(if $(UPGRADE),--upgrade)

clean: ## Remove what the tools wrote; keeps .venv and the data in .stockwise
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dbt/target dbt/logs dist build
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
