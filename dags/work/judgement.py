"""What judging a run comes to, whichever way it is done."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from gx.report.model import QualityReport


# Two frames of this many bars are compared in a second and 0.5 GB; more are not worth a report.
COMPARED_BARS = 2_000_000


@dataclass(frozen=True)
class RunJudgement:
    """What the suite says of the bars, and bars to show with it.

    `pictured` are drawn in the report; `compared` are those to compare with the run before, None
    when they are too many. `parts` and `first_rows` are those of Validated.
    """

    report: "QualityReport"
    pictured: "pd.DataFrame"
    compared: "pd.DataFrame | None" = None
    parts: tuple[str, ...] = ()
    first_rows: tuple[int, ...] = ()
