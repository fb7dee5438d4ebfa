.PHONY: strategy test check bench eval messages
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

$(BIN)/ai-data-strategy: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(BIN)/pytest: $(BIN)/ai-data-strategy
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(BIN)/inspect: $(BIN)/ai-data-strategy
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[evals]'
	touch $@

strategy: $(BIN)/ai-data-strategy  ## write a strategy: make strategy BRIEF="..."
	@$(BIN)/ai-data-strategy draft "$(BRIEF)"

test: $(BIN)/pytest  ## set up and run the tests
	$(BIN)/pytest -n auto

check: $(BIN)/pytest  ## format, lint, types, tests and architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto

bench: $(BIN)/pytest  ## print the benchmark's table
	$(BIN)/python -m ai_data_strategy.evals.bench

eval: $(BIN)/inspect  ## run the evals that need no hosted model and print their tables
	$(BIN)/python -m ai_data_strategy.evals.run_evals
	$(BIN)/python -m ai_data_strategy.evals.planted --documents 60 --each 2
	$(BIN)/python -m ai_data_strategy.evals.revisions

messages: $(BIN)/pytest  ## extract messages, update and compile the catalogues
	mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg --no-wrap --sort-by-file --add-location=file -o build/document.pot .
	$(BIN)/pybabel -q update -D document -i build/document.pot -d typeset/locale --no-wrap --no-fuzzy-matching
	$(BIN)/pybabel -q compile -D document -d typeset/locale
