# What there is to do here: `make help`. Everything runs from .venv, which is made on first use.

.DEFAULT_GOAL := help
.PHONY: help demo up test lint bench schema clean

BIN := .venv/bin
STAMP := .venv/made-for
# It holds the path that .venv was made for: elsewhere it is made again.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

help: ## list what there is to do
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

demo: $(STAMP) ## live the published first weeks through the API (EXIT=1: end when done; FORMAT=json: report as JSON)
	@$(BIN)/pratica demo $(if $(filter 1,$(EXIT)),--exit) $(if $(FORMAT),--format $(FORMAT))

up: $(STAMP) ## run everything until Ctrl-C, data kept in .pratica
	@$(BIN)/pratica up

test: lint ## check everything: lint, then the tests on real PostgreSQL and real Temporal
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## check style, types and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(STAMP) ## measure, one JSON object a figure
	@$(BIN)/python -m benchmarks

schema: $(STAMP) ## write graphql/schema.graphql from the code
	@$(BIN)/pratica schema > .venv/schema.graphql && mv .venv/schema.graphql graphql/schema.graphql

clean: ## remove the environment and caches; data in .pratica stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@sh .ci/environment '$(CURDIR)'
