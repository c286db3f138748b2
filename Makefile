# `make help` lists what there is. Everything that a run makes is under var/.
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
GATE := $(BIN)/gate
# Some images forbid Python to keep what it compiled. Without it each process compiles 4,500 modules
# anew: 10 s, every time.
unexport PYTHONDONTWRITEBYTECODE

# What is given as NAME=value. Recipes read it as "$$NAME", whatever signs it holds.
export SYMBOLS START END POLICY ACCEPT_REMOVALS HOST PORT MLFLOW_PORT FILE SYMBOL SUITE CALENDAR \
  AS_OF REASON KEEP_DAYS REJECTS COLUMNS DATE_FORMAT DECIMAL DELIMITER ENCODING SHEET ZONE FORMAT

# How a file is to be read where it does not say it itself; a shell has such names of its own.
said = $(if $(findstring command,$(origin $(1))),--$(2) "$$$(1)")
as_written = $(call said,COLUMNS,columns) $(call said,DATE_FORMAT,date-format) \
  $(call said,DECIMAL,decimal) $(call said,DELIMITER,delimiter) $(call said,ENCODING,encoding) \
  $(call said,SHEET,sheet) $(call said,ZONE,zone) $(call said,FORMAT,format)

# Call the command, and say its exit status in words: make itself ends with 2, whatever it was.
define gate
$(GATE) $(1); status=$$?; case $$status in \
  0) exit 0 ;; \
  1) said='the gate closed' ;; \
  2) said='it could not run' ;; \
  3) said='published in part: symbols are held, or have no bars' ;; \
  130) said='stopped' ;; \
  *) said='it ended by itself' ;; \
esac; echo "gate: exit status $$status, $$said" >&2; exit $$status
endef

.DEFAULT_GOAL := help
.PHONY: help run up down peek load quarantine discard prune sql check detect mutate bench test unit lock settings env compose-test format clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(GATE)  ## run the pipeline once [SYMBOLS=TSLA,NVDA START=2025-10-05 END=2025-11-04 POLICY=quarantine ACCEPT_REMOVALS=TSLA DEBUG=1]
	@$(call gate,run $${SYMBOLS:+--symbols "$$SYMBOLS"} $${START:+--start "$$START"} \
	  $${END:+--end "$$END"} $${POLICY:+--policy "$$POLICY"} \
	  $${ACCEPT_REMOVALS:+--accept-removals "$$ACCEPT_REMOVALS"} \
	  $(if $(filter-out 0 false,$(DEBUG)),--debug))

up: $(GATE)  ## start Airflow and MLflow in the browser, until Ctrl-C [PORT=8080 MLFLOW_PORT=5500 HOST=127.0.0.1]
	@$(call gate,up $${HOST:+--host "$$HOST"} $${PORT:+--airflow-port "$$PORT"} \
	  $${MLFLOW_PORT:+--mlflow-port "$$MLFLOW_PORT"})

down: $(GATE)  ## stop what `make up` started elsewhere
	@$(call gate,down)

peek: $(GATE)  ## show how a file is understood: FILE=bars.csv [SYMBOL= CALENDAR= and as `load`]
	@$(call gate,peek "$$FILE" $${SYMBOL:+--symbol "$$SYMBOL"} \
	  $${CALENDAR:+--calendar "$$CALENDAR"} $(as_written))

load: $(GATE)  ## put the bars of a file (CSV, Parquet, Excel …) into the database: FILE=bars.csv [SYMBOL=AAPL CALENDAR=XBOM REJECTS=rejects.csv COLUMNS=close=Last,date=Day DATE_FORMAT=DMY DECIMAL=, DELIMITER=tab ENCODING= SHEET= ZONE= FORMAT=]
	@$(call gate,load "$$FILE" $(as_written) $${SYMBOL:+--symbol "$$SYMBOL"} \
	  $${CALENDAR:+--calendar "$$CALENDAR"} $${REJECTS:+--rejects "$$REJECTS"})

check: $(GATE)  ## judge a file without any service: FILE=bars.csv [SUITE= SYMBOL= CALENDAR= AS_OF= STRICT=1 and as `load`]
	@files=("$$FILE"); [ -e "$$FILE" ] || files=($$FILE); \
	$(call gate,check "$${files[@]}" $(as_written) $${SUITE:+--suite "$$SUITE"} \
	  $${SYMBOL:+--symbol "$$SYMBOL"} $${CALENDAR:+--calendar "$$CALENDAR"} \
	  $${AS_OF:+--as-of "$$AS_OF"} $(if $(filter-out 0 false,$(STRICT)),--strict))

quarantine: $(GATE)  ## list what the gate holds
	@$(call gate,quarantine)

discard: $(GATE)  ## resolve held bars that nobody wants: SYMBOL=TSLA REASON='delisted' [START= END=]
	@$(call gate,discard --symbol "$$SYMBOL" --reason "$$REASON" \
	  $${START:+--start "$$START"} $${END:+--end "$$END"})

prune: $(GATE)  ## remove runs older than KEEP_DAYS=90 with all that they left [DRY=1 only says what]
	@$(call gate,prune --keep-days "$$KEEP_DAYS" $(if $(filter-out 0 false,$(DRY)),--dry-run))

detect: $(READY)  ## how good the market expectations are: recall and false alarms on real bars
	@$(BIN)/python -m tests.detector

mutate: $(READY)  ## plant faults in the gate's core; tests must notice 95 % [FILES='report/ queries/' SAMPLE=50]
	@$(BIN)/python -m tests.mutation $(FILES) $(if $(SAMPLE),--sample '$(SAMPLE)')

sql: $(GATE)  ## open psql on the database of the bars
	@$(call gate,sql)

test: $(READY)  ## lint, types, import contracts and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2

unit: $(READY)  ## the tests that need no service, in a minute
	$(BIN)/pytest -n 2 -q tests/unit tests/detector

bench: $(READY)  ## what each step costs, against the least it could [ROWS=1000000 BENCH=pipeline]
	@$(BIN)/python -m tests.bench $(BENCH) $(if $(ROWS),--rows $(ROWS))

settings: $(READY)  ## make the tables of settings in dags/README.md anew
	@$(BIN)/python -m dags.deployed.settings_table

env:  ## write .env for docker compose, with generated secrets [DISTRIBUTED=1]
	@python3 -m dags.local.env_file $(if $(filter-out 0 false,$(DISTRIBUTED)),--distributed)

compose-test: $(READY)  ## build and run docker-compose.yml for real, test it, take it down (15 to 25 min)
	@$(BIN)/python -m tests.compose

LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-emit-index-url \
  --python-version 3.11 --custom-compile-command 'make lock'
lock: $(READY)  ## pin anew what pyproject.toml asks for, with hashes [UPGRADE=1 for the newest]
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) --group dev -c requirements.txt -o requirements-dev.txt

format: $(READY)  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@# The folders by name: through the root it would walk into .venv, and change what lies there.
	if [ -x $(BIN)/biome ]; then $(BIN)/biome check --write gx tracking tests; fi

clean:  ## remove var/, and with it the embedded databases
	@if [ -n "$$(find var/archive -type f 2>/dev/null | head -1)" ]; then \
	  echo "var/archive holds archived bars, which are in no table: gate archive --restore puts them back;" >&2; \
	  echo "or move it, and name it in ARCHIVE_ROOT; or remove it, if nobody wants them" >&2; exit 1; fi
	@if [ -x $(GATE) ]; then $(GATE) down; fi
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

$(GATE): dags/local/gate.sh | $(READY)
	@install -m 755 $< $@
