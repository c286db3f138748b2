"""Tables that MLflow shows as tables: the JSON form that `MlflowClient.log_table` writes.

`log_table` itself takes four requests a table and reads the run back; these are files of the run's
artifact folder, and `RunRecord.tables` names them for MLflow's table view.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write ``{"columns": […], "data": [[…], …]}``, which any JSON reader takes.

    NaN becomes null and an infinity the text ``inf`` or ``-inf``, since JSON has neither; what is
    no text, number, truth or null becomes text, a list the texts in it joined by ``; ``. Raises
    ValueError for a row that is not as long as `columns`.
    """
    data = [[_plain(value) for _, value in zip(columns, row, strict=True)] for row in rows]
    document = {"columns": list(columns), "data": data}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, allow_nan=False, ensure_ascii=False), encoding="utf-8")


def logged_tables(paths: Sequence[str]) -> str:
    """The value of the tag by which MLflow's table view finds these artifacts."""
    return json.dumps([{"path": path, "type": "table"} for path in paths])


def _plain(value: object) -> Any:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (list, tuple)):
        return "; ".join(map(str, value))
    return str(value)
