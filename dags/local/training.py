"""`gate train` and `gate score`: a model of published bars, and what it says of the newest."""

import json
from dataclasses import asdict
from getpass import getuser
from pathlib import Path

from dags.local.services import services
from dags.run.settings import Settings
from dags.training.bars import asked_of
from gx.dataset.read import read_dataset
from gx.report.columns import TextColumn, room, table_lines
from gx.statuses import DONE

_COLUMNS = (
    *(TextColumn(name) for name in ("symbol", "bar")),
    TextColumn("signal", numbers=True),
    TextColumn("published by", sentences=True),
)


def train_model(var: Path, name: str, *, as_json: bool) -> int:
    """Train and judge; a model without skill is no failure, and is told as what it is."""
    from dags.training.train import train

    dataset = read_dataset(name)
    asked_of(dataset)  # before any service is started
    with services(var) as found:
        done = train(dataset, Settings.of(found.environment), user=getuser())
    print(json.dumps(asdict(done), indent=1) if as_json else done.told)
    return DONE


def score_bars(var: Path, name: str, *, as_json: bool) -> int:
    """Write and print the champion's signals."""
    from dags.training.score import score

    dataset = read_dataset(name)
    asked_of(dataset)
    with services(var) as found:
        done = score(dataset, Settings.of(found.environment))
    if as_json:
        print(json.dumps(asdict(done), indent=1, default=str))
        return DONE
    rows = [
        (one.symbol, f"{one.date:%Y-%m-%d}", f"{100 * one.signal:+.3f} %", one.run_id)
        for one in done.signals
    ]
    print("\n".join([done.told, *table_lines(_COLUMNS, rows, room())]))
    return DONE
