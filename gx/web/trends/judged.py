"""The latest judged runs of a dataset, as far as a page can read them at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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

    The reports of ``damaged`` runs cannot be read. All were judged by ``suite``: ``others`` of the
    dataset's runs were not, and are left out, since another suite finds other things.
    """

    runs: tuple[Judged, ...]
    read: int
    total: int
    damaged: int
    suite: str = ""
    others: int = 0


def latest(
    sources: Sources, dataset: ListedDataset, fits: Callable[[ReportDocument], bool]
) -> Latest:
    """At most 30 of the newest 60 runs with a verdict by one suite, whose reports fit.

    The suite is the dataset's own; where no run by it fits, that of the newest run.
    """
    runs = [run for run in sources.runs() if run.dag_id == dataset.dag_id]
    verdicts = [run for run in runs if run.state != "no_verdict"]
    tried: list[Latest] = []
    for suite in dict.fromkeys([dataset.suite, *(run.suite for run in verdicts)]):
        found = _by(sources, [run for run in verdicts if run.suite == suite], fits)
        if found.runs:
            return replace(found, suite=suite, others=len(verdicts) - found.total)
        tried.append(found)
    read, damaged = (sum(getattr(one, name) for one in tried) for name in ("read", "damaged"))
    return Latest((), read, len(verdicts), damaged)


def _by(
    sources: Sources, verdicts: Sequence[RunSummary], fits: Callable[[ReportDocument], bool]
) -> Latest:
    found: list[Judged] = []
    read = damaged = 0
    for run in verdicts[:MOST_READ]:
        if len(found) == MOST_SHOWN:
            break
        read += 1
        files = sources.run(run.run_id, run.dag_id)
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
