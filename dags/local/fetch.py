"""`gate fetch`: bars from Interactive Brokers, or made-up ones from a gateway of our own."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path

from dags.fetch.of_dataset import fetch_dataset
from dags.fetch.work import Fetched, Progress, require_contracts
from dags.local.errors import LocalError
from dags.local.services import services
from dags.run.settings import ROOT, Settings
from gx import project
from gx.atomic import create_file
from gx.dataset.model import Dataset
from gx.dataset.read import read_dataset
from gx.report.columns import TextColumn, room, table_lines
from gx.statuses import COULD_NOT_RUN, DONE, IN_PART

DEMO = "made_up_bars"
_COLUMNS = (
    TextColumn("symbol"),
    TextColumn("new", numbers=True),
    TextColumn("restated", numbers=True),
    TextColumn("newest"),
    TextColumn("what is to be said", sentences=True),
)
_SHOWN = 50


@dataclass(frozen=True)
class Asked:
    """What the command line says: symbols (none: all), minutes to wait for a gateway, and how."""

    dataset: str
    symbols: Sequence[str]
    wait: float
    demo: bool
    as_json: bool


def fetch_bars(var: Path, asked: Asked) -> int:
    """Fetch, telling how far it is, and print what came of each symbol."""
    if asked.demo:
        with _demo_gateway() as port:
            return _fetch(var, _demo_dataset(), asked, port)
    return _fetch(var, read_dataset(asked.dataset), asked, None)


def _fetch(var: Path, dataset: Dataset, asked: Asked, port: int | None) -> int:
    require_contracts(dataset, asked.symbols)  # before anything is started
    run_id = f"fetch by {getuser()} {datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    with services(var) as found:
        settings = Settings.of(found.environment)
        if port is not None:
            settings = settings.model_copy(update={"ib_host": "127.0.0.1", "ib_port": port})
        done = fetch_dataset(
            dataset,
            asked.symbols,
            settings,
            run_id=run_id,
            first_minutes=asked.wait,
            told=_tell,
        )
    if asked.as_json:
        print(json.dumps(asdict(done), indent=1, default=str, ensure_ascii=False))
    else:
        _print(done, made_up=port is not None)
    if done.nothing_came:
        return COULD_NOT_RUN
    return IN_PART if done.behind else DONE


def _print(done: Fetched, *, made_up: bool) -> None:
    rows = [
        (
            one.symbol,
            f"{one.stored.new:,}",
            f"{one.stored.restated:,}",
            f"{one.newest:%Y-%m-%d}" if one.newest else "none",
            "; ".join([*([f"behind: {one.fault}"] if one.fault else []), *one.notes]) or "–",
        )
        for one in sorted(done.outcomes, key=lambda one: one.came)
    ]
    print("\n".join(table_lines(_COLUMNS, rows[:_SHOWN], room())))
    if len(rows) > _SHOWN:
        print(f"… and {len(rows) - _SHOWN:,} more, which are up to date or behind (--json)")
    waited = f", {done.waited:,.0f} s of waiting for IB's limits" if done.waited > 1 else ""
    print(f"{done.sentence}. {done.requests:,} requests in {done.seconds:,.1f} s{waited}")
    if made_up:
        print("All of these bars are made up: no price was ever paid.")
    print(f"Nothing is judged yet: gate run --dataset {done.dataset}", file=sys.stderr)


def _tell(so_far: Progress) -> None:
    if so_far.is_worth_telling:
        print(so_far.sentence, file=sys.stderr)


def _demo_dataset() -> Dataset:
    """The dataset of made-up bars, whose file is written when it is missing."""
    path = project.DATASETS / f"{DEMO}.yml"
    if not path.exists():
        from tests.ib_gateway.demo import SYMBOLS

        listed = "\n".join(f"    - {{symbol: {one}}}" for one in SYMBOLS)
        text = (
            "title: Made-up bars, for trying things out\n"
            "made_up: true\n"
            f"source: {{schema: {DEMO}, table: bars}}\n"
            "suite: stock_data\n"
            'symbols: "*"\n'
            f"publish: {DEMO}\n"
            f"fetch:\n  contracts:\n{listed}\n"
        )
        create_file(path, text.encode())
        said = f"note: wrote gx/datasets/{DEMO}.yml; remove it when it is not needed any more"
        print(said, file=sys.stderr)
    dataset = read_dataset(DEMO)
    if not dataset.made_up:
        raise LocalError(
            f"gx/datasets/{DEMO}.yml does not say that its bars are made up: write made_up: true "
            "into it, or remove it"
        )
    return dataset


@contextmanager
def _demo_gateway() -> Iterator[int]:
    """A gateway of our own, as long as it is needed; its port."""
    command = (sys.executable, "-m", "tests.ib_gateway", "--demo", "--port", "0")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout is not None
            line = started.stdout.readline()
            found = re.search(r":(\d+)", line)
            if found is None:
                raise LocalError("the gateway of the demo did not start; its output says why")
            yield int(found[1])
        finally:
            started.terminate()
