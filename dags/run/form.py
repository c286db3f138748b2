"""The trigger form of a dataset's workflow."""

from airflow.sdk import Param

from dags.run.datasets import default_symbols
from dags.run.known_symbols import remembered
from dags.run.request import POLICIES
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.suite.named import suite_names
from gx.symbols import EVERY, LIST_PATTERN, PATTERN

# Airflow's form greys its choice Backfill out for a workflow without a schedule.
NO_BACKFILL = (
    " Days that were missed need no backfill, which Airflow has for workflows with a schedule "
    "alone: one run checks them all, from here to the last date."
)
# What is in no section is open from the start.
BAD_BARS, DIAGNOSIS = "When bars are bad", "For finding a fault"


def form(dataset: Dataset, settings: Settings) -> dict[str, Param]:
    """The parameters of a run, with what the dataset or the settings say as their defaults."""
    symbols = default_symbols(dataset, settings)
    every = symbols == [EVERY]
    listed = [] if every else symbols
    return {
        "symbols": Param(
            listed,
            title="Symbols",
            description="Which symbols to check; the list holds those that there are bars of. "
            + ("None: all of them." if every else "None: those under More symbols alone."),
            type=["array", "null"],  # else Airflow's form asks for one at least
            items={"type": "string", "pattern": PATTERN},
            examples=remembered(settings.results_dir, listed, dataset.name),
        ),
        "more_symbols": Param(
            None,
            title="More symbols",
            description="Not in the list, with commas between them: IBM, BRK B, ^GSPC; * for all "
            "there are.",
            type=["null", "string"],
            pattern=LIST_PATTERN,
        ),
        "start_date": Param(
            None,
            title="First date",
            description="The first date to check; empty for the earliest bar there is."
            + ("" if settings.workflow_schedule else NO_BACKFILL),
            type=["null", "string"],
            format="date",
        ),
        "end_date": Param(
            None,
            title="Last date",
            description="The last date to check; empty for the newest bar there is.",
            type=["null", "string"],
            format="date",
        ),
        "policy": Param(
            settings.on_critical,
            title="When a critical expectation fails",
            description="What happens to the bars when the suite finds a critical failure.",
            section=BAD_BARS,
            type="string",
            enum=list(POLICIES),
            values_display={
                "fail": "fail: publish nothing, the run fails",
                "quarantine": "quarantine: hold back the symbols at fault, publish the others",
                "ask": "ask: wait until somebody decides (Required actions)",
            },
        ),
        "suite": Param(
            dataset.suite,
            title="Suite",
            description="What judges the bars. Another one than the dataset's own "
            f"({dataset.suite}) is said wherever the run is shown; what it lets pass is published.",
            section=BAD_BARS,
            type=["null", "string"],
            examples=suite_names(),
        ),
        "accept_removals": Param(
            None,
            title="Accept removals",
            description="Symbols whose published bars may go away because the source has them no "
            "more; * for all.",
            section=BAD_BARS,
            type=["null", "string"],
            pattern=LIST_PATTERN,
        ),
        "debug_mode": Param(
            settings.debug_mode,
            title="Debug mode",
            description="Also keep the SQL, a sample after each step, settings and versions in "
            "MLflow.",
            section=DIAGNOSIS,
            type="boolean",
        ),
    }
