# `make help` lists what there is. Everything that a run makes is under var/.
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
# Some images forbid Python to keep what it compiled. Without it each process compiles 4,500 modules
# anew: 10 s, every time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run up down load quarantine discard prune sql check detect mutate bench test env compose-test format clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY)  ## run the pipeline once [SYMBOLS=TSLA,NVDA START=2025-10-05 END=2025-11-04 POLICY=quarantine ACCEPT_REMOVALS=TSLA DEBUG=1]
	@$(BIN)/python -m dags.local run $(if $(SYMBOLS),--symbols '$(SYMBOLS)') \
	  $(if $(START),--start '$(START)') $(if $(END),--end '$(END)') \
	  $(if $(POLICY),--policy '$(POLICY)') \
	  $(if $(ACCEPT_REMOVALS),--accept-removals '$(ACCEPT_REMOVALS)') \
	  $(if $(filter-out 0 false,$(DEBUG)),--debug)

up: $(READY)  ## start Airflow and MLflow in the browser, until Ctrl-C [PORT=8080 MLFLOW_PORT=5500 HOST=127.0.0.1]
	@$(BIN)/python -m dags.local up $(if $(HOST),--host '$(HOST)') \
	  $(if $(PORT),--airflow-port '$(PORT)') $(if $(MLFLOW_PORT),--mlflow-port '$(MLFLOW_PORT)')

down: $(READY)  ## stop what `make up` started elsewhere
	@$(BIN)/python -m dags.local down

load: $(READY)  ## put the bars of a CSV or Parquet file into the database: FILE=bars.csv [SYMBOL=AAPL CALENDAR=XBOM REJECTS=rejects.csv]
	@$(BIN)/python -m dags.local load '$(FILE)' $(if $(SYMBOL),--symbol '$(SYMBOL)') \
	  $(if $(CALENDAR),--calendar '$(CALENDAR)') $(if $(REJECTS),--rejects '$(REJECTS)')

check: $(READY)  ## judge a file without any service: FILE=bars.csv [SUITE= SYMBOL= CALENDAR= AS_OF= STRICT=1]
	@$(BIN)/python -m gx check $(FILE) $(if $(SUITE),--suite '$(SUITE)') \
	  $(if $(SYMBOL),--symbol '$(SYMBOL)') $(if $(CALENDAR),--calendar '$(CALENDAR)') \
	  $(if $(AS_OF),--as-of '$(AS_OF)') $(if $(filter-out 0 false,$(STRICT)),--strict)

quarantine: $(READY)  ## list what the gate holds
	@$(BIN)/python -m dags.local quarantine

discard: $(READY)  ## resolve held bars that nobody wants: SYMBOL=TSLA REASON='delisted' [START= END=]
	@$(BIN)/python -m dags.local discard --symbol '$(SYMBOL)' --reason '$(REASON)' \
	  $(if $(START),--start '$(START)') $(if $(END),--end '$(END)')

prune: $(READY)  ## remove runs older than KEEP_DAYS=90 with all that they left [DRY=1 only says what]
	@$(BIN)/python -m dags.local prune --keep-days '$(KEEP_DAYS)' \
	  $(if $(filter-out 0 false,$(DRY)),--dry-run)

detect: $(READY)  ## how good the market expectations are: recall and false alarms on real bars
	@$(BIN)/python -m tests.detector

mutate: $(READY)  ## plant faults in the gate's core; tests must notice 95 % [FILES='report.py queries/' SAMPLE=50]
	@$(BIN)/python -m tests.mutation $(FILES) $(if $(SAMPLE),--sample '$(SAMPLE)')

sql: $(READY)  ## open psql on the embedded database
	@$(BIN)/python -m dags.local sql

test: $(READY)  ## lint, types, import contracts and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2

bench: $(READY)  ## what each step costs, against the least it could [ROWS=1000000 BENCH=pipeline]
	@$(BIN)/python -m tests.bench $(BENCH) $(if $(ROWS),--rows $(ROWS))

env:  ## write .env for docker compose, with generated secrets [DISTRIBUTED=1]
	@python3 -m dags.local.env_file $(if $(filter-out 0 false,$(DISTRIBUTED)),--distributed)

compose-test: $(READY)  ## build and run docker-compose.yml for real, test it, take it down (5 to 15 min)
	@$(BIN)/python -m tests.compose

format: $(READY)  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove var/, and with it the embedded databases
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m dags.local down; fi
	rm -rf var

# uv when it can be had, pip when not; both install the same pins.
$(READY): requirements.txt requirements-dev.txt
	@echo "Installing the pinned requirements into .venv (once) …"
	@$(PYTHON) -m venv .venv
	@if $(BIN)/python -m pip install --quiet 'uv==0.13.9'; then \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt -r requirements-dev.txt; \
	else \
	  $(BIN)/python -m pip install --quiet -r requirements.txt -r requirements-dev.txt; \
	fi
	@touch $@
