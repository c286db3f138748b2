"""`gate suggest --history`: what each threshold of a suite costs on the bars of past runs."""

import json
from dataclasses import asdict
from pathlib import Path

from dags.local.errors import LocalError
from dags.local.services import services
from dags.pages.sources import Desk
from dags.run.settings import Settings
from gx.editing.tuning.curve import Curve, curves
from gx.report.columns import TextColumn, room, table_lines
from gx.statuses import DONE
from gx.suite.named import suite_path
from gx.suite.read import read_suite
from gx.web.bodies import RequestFault
from gx.web.suites.bars import Past, past_bars

_NUMBERS = ("level", "events", "missed")
_COLUMNS = (*(TextColumn(name, numbers=True) for name in _NUMBERS), TextColumn(""))


def print_curves(var: Path, name: str, suite: str | None, *, as_json: bool) -> int:
    """Print a curve of each threshold of a dataset's suite, or of ``suite``; change nothing."""
    with services(var) as found:
        sources = Desk(Settings.of(found.environment))
        dataset = next((one for one in sources.datasets() if one.name == name), None)
        if dataset is None:
            raise LocalError(f"there is no dataset {name}; `gate dataset list` names them")
        try:
            past = past_bars(sources, dataset)
        except RequestFault as error:
            raise LocalError(str(error)) from None
    read = read_suite(suite_path(suite or dataset.suite))
    made = [one for _, one in curves(json.loads(read.text), past.bars)]
    if as_json:
        print(json.dumps({"on": past.told, "curves": [*map(_plain, made)]}, indent=1))
    else:
        print("\n".join(_lines(made, past)))
    return DONE


def _plain(curve: Curve) -> dict[str, object]:
    return {**asdict(curve), "sentence": curve.sentence}


def _lines(made: list[Curve], past: Past) -> list[str]:
    said = [f"On {past.told}. An event on bars that are right is a false alarm."]
    for curve in made:
        said += ["", f"{curve.name}: {curve.sentence}"]
        said.append(f"  planted: {curve.planted}, {curve.count:,} in all")
        rows = [
            (f"{one.level:g}", f"{one.events:,}", f"{one.missed:.0%}", _mark(curve, one.level))
            for one in curve.points
        ]
        said += [f"  {line}" for line in table_lines(_COLUMNS, rows, room())]
    if not made:
        said.append("This suite has no threshold that can be tuned.")
    return said


def _mark(curve: Curve, level: float) -> str:
    marks = (("now", curve.current), ("proposed", curve.proposed))
    return ", ".join(name for name, one in marks if one == level)
