"""The latest judged runs of a dataset, as far as a page can read them at once."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gx.errors import ReportError
from gx.report.document import ReportDocument, read_document
from gx.web.guard import Forbidden, User
from gx.web.runs.shares import kind
from gx.web.sources import ListedDataset, RunFiles, Sources
from gx.web.summary import RunSummary

# A report of 700 symbols takes 5 ms to read.
MOST_SHOWN, MOST_READ = 30, 60


@dataclass(frozen=True)
class Judged:
    """A run with its report."""

    summary: RunSummary
    files: RunFiles
    report: ReportDocument

    @property
    def kind(self) -> str:
        """What the run came to, as the list of runs calls it."""
        return kind(self.summary)

    @property
    def moment(self) -> str:
        """When it started, for people."""
        return self.summary.started[:16].replace("T", " ")


@dataclass(frozen=True)
class Latest:
    """The runs that fit, newest first; ``read`` of the dataset's ``total`` were looked through.

    The reports of ``damaged`` runs cannot be read.
    """

    runs: tuple[Judged, ...]
    read: int
    total: int
    damaged: int


def latest(sources: Sources, dag_id: str, fits: Callable[[ReportDocument], bool]) -> Latest:
    """At most 30 of the newest 60 runs with a verdict, whose reports fit."""
    verdicts = [run for run in sources.runs() if run.dag_id == dag_id and run.state != "no_verdict"]
    found: list[Judged] = []
    read = damaged = 0
    for run in verdicts[:MOST_READ]:
        if len(found) == MOST_SHOWN:
            break
        read += 1
        files = sources.run(run.run_id, dag_id)
        try:
            report = read_document(files.report) if files and files.report else None
        except ReportError:  # the run's own page says what is wrong with it
            report = None
        if files is None or report is None:
            damaged += 1
        elif fits(report):
            found.append(Judged(run, files, report))
    return Latest(tuple(found), read, len(verdicts), damaged)


def dataset_asked(request: Request, user: User) -> ListedDataset:
    """The dataset that the query names, the default one when it names none.

    Raises HTTPException for one that there is not, and Forbidden.
    """
    sources: Sources = request.app.state.sources
    name = request.query_params.get("dataset", "")
    listed = sources.datasets()
    fits = (one for one in listed if (one.name == name if name else True))
    found = next(fits, None)
    if found is None:
        raise HTTPException(404, "There is no such dataset.")
    if not user.may_read(found.dag_id):
        raise Forbidden(f"{user.name} may not see the workflow {found.dag_id}")
    return found
