"""What each step of a run says of itself: one record a step, and what the step found in it.

A record is a file of JSON, `steps/STEP.json`: how the step went, and beside that what it found.
Both are read and written here alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SerializeAsAny

from gx.gate.asked import Asked
from sql.published import Gone

Status = Literal["running", "success", "failed", "superseded", "skipped"]
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, when_used="json")]


class StepFindings(BaseModel):
    """What a step found; there is none before it did. `sign` is a key that tells this kind."""

    model_config = ConfigDict(frozen=True)
    step: ClassVar[str]
    sign: ClassVar[str] = "rows"


Found = TypeVar("Found", bound=StepFindings)


class Extracted(StepFindings):
    """The bars that were read. Dates are of bars (2025-11-04), None when no bar has one.

    `read_at` is the database's clock at the read; `extracted_at` is that too, but later than the
    read of whatever was published before it. `meant` are known symbols by the missing ones.
    `repaired` bars are as somebody has accepted them, and copies were `dropped`, which are not in
    `rows`; `void` repairs are not applied, because the source has another bar than the old one
    of theirs, or of those that are right or wrong together with it. `automatic`
    of both were accepted by the setting AUTO_REPAIR, and nobody. `repaired_by` has how many of
    both who accepted; `void_blocks` is how many lots of right or wrong together the `void` are.
    """

    step = "extract"

    rows: int
    rows_by_symbol: dict[str, int] = {}
    missing_symbols: tuple[str, ...] = ()
    rounded: int = 0
    rounded_example: str | None = None
    first_date: str | None = None
    last_date: str | None = None
    digest: str = ""
    sql: str = ""
    read_at: Moment | None = None
    extracted_at: Moment | None = None
    context_rows: int = 0
    gone: tuple[Gone, ...] = ()
    repaired: int = 0
    repaired_example: str | None = None
    repaired_by: dict[str, int] = {}
    dropped: int = 0
    automatic: int = 0
    void: int = 0
    void_example: str | None = None
    void_blocks: int = 0
    meant: dict[str, str] = {}

    def with_meant(self, meant: Mapping[str, str]) -> "Extracted":
        """The same, with the known symbols that the missing ones may stand for."""
        return self.model_copy(update={"meant": dict(meant)})


Choice = Literal["hold", "publish", "fail"]


class Question(BaseModel):
    """What somebody is asked about a verdict: are these symbols held?

    `id` names the attempt of judging whose verdict it is, `digest` the bars that were judged.
    `unpublishable` says why these bars cannot be published all the same; empty when they can.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    digest: str
    symbols: tuple[str, ...]
    bars: int
    unpublishable: str = ""


class Answer(BaseModel):
    """What was decided, and by whom (None: nobody did in time); `question` is whose answer it is.

    `waivers` are the ids of those that it made; `unkept` says why they count for this run alone.
    """

    model_config = ConfigDict(frozen=True)

    question: str
    choice: Choice
    who: str | None
    why: str
    at: Moment
    waivers: tuple[str, ...] = ()
    unkept: str = ""


class Validated(StepFindings):
    """What the gate decided of a run, of `rows` bars.

    With policy `ask` somebody decides: the `question` is asked of the verdict, and nothing goes on
    before its `answer` is there.

    Of a run in partitions: `parts` are the attempts of theirs that were judged, `first_rows` where
    the bars of each begin in the whole extract. `proposed` bars could be
    repaired. `suite` judged `instead_of` the dataset's own, where that is named. `made_up`: no
    price of these bars was ever paid. `beside` says of symbols that are held for what is published
    beside the range why that is.
    """

    step, sign = "validate", "open"

    open: bool
    held: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    rows: int = 0
    proposed: int = 0
    asked: Asked | None = None
    parts: tuple[str, ...] = ()
    first_rows: tuple[int, ...] = ()
    question: Question | None = None
    answer: Answer | None = None
    suite: str = ""
    instead_of: str = ""
    made_up: bool = False
    beside: dict[str, str] = {}

    @property
    def waits(self) -> bool:
        """Has somebody been asked, and not answered this very question?"""
        question, answer = self.question, self.answer
        return question is not None and (answer is None or answer.question != question.id)


class PartValidated(StepFindings):
    """What a partition was judged by: its bars, and the seals of its arrays by name."""

    step, sign = "validate", "arrays"

    rows: int
    arrays: dict[str, str]


class Transformed(StepFindings):
    """What passed and was enriched, in bars."""

    step = "transform"

    rows: int
    columns: tuple[str, ...] = ()


class Published(StepFindings):
    """What was published, set aside and released, in bars.

    ``superseded`` bars were left as the runs in ``newer`` have them, ``returns`` had their daily
    return corrected because the bar before them changed, ``indicators`` their indicators because
    any of those before them did, ``still_held`` passed by name alone: the source has no such bar
    any more. ``place`` is where they can be read.
    """

    step = "publish"

    rows: int
    new: int = 0
    changed: int = 0
    removed: int = 0
    held: int = 0
    released: int = 0
    superseded: int = 0
    returns: int = 0
    indicators: int = 0
    still_held: int = 0
    newer: tuple[str, ...] = ()
    place: str = ""


class Logged(StepFindings):
    """Where the run is tracked; `undigested` says why no digests of its files are kept."""

    step, sign = "log", "mlflow_run_id"

    mlflow_run_id: str
    mlflow_page: str = ""
    undigested: str | None = None


_KINDS: tuple[type[StepFindings], ...] = (
    *(Extracted, Validated, PartValidated, Transformed, Published, Logged),
)


class StepRecord(BaseModel):
    """How a step went. `seconds` and `error` are there once it has ended; `found` if it came to it.

    `attempt` names this try, `on` those of the steps that it builds on; `seals` are those of the
    files that it wrote. Of extracting alone: `symbols`, where all were asked for; `partitions`, how
    many the run is divided into; `partition`, the label of the one that could not be read; `again`,
    that the bars were read a second time, with what AUTO_REPAIR accepted of the first.
    """

    status: Status = "running"
    started: str | None = None
    attempt: str = ""
    on: dict[str, str | None] = {}
    seals: dict[str, str] = Field(default_factory=dict)
    symbols: tuple[str, ...] | None = None
    partitions: int | None = None
    partition: str | None = None
    again: bool | None = None
    found: SerializeAsAny[StepFindings] | None = None
    seconds: float | None = None
    error: str | None = None

    @property
    def is_half_again(self) -> bool:
        """Was the second reading begun, and not ended?"""
        return bool(self.again) and self.status != "success"

    def of(self, kind: type[Found]) -> Found | None:
        """What the step found, if it came to that and it is of this kind."""
        return self.found if isinstance(self.found, kind) else None

    def to_json(self) -> dict[str, object]:
        """The record as it is kept; what is not known yet is left out."""
        found = self.found
        document = self.model_dump(mode="json", exclude={"found"})
        given = {name: value for name, value in document.items() if value is not None}
        return given | (found.model_dump(mode="json", exclude_unset=True) if found else {})


class Records(dict[str, StepRecord]):
    """The records of a run or of a partition, by step; of the steps that have begun."""

    def found(self, kind: type[Found]) -> Found | None:
        """What the step found, if it came to that."""
        record = self.get(kind.step)
        return record.of(kind) if record else None

    def succeeded(self, step: str) -> bool:
        """Has this step come to its end?"""
        return step in self and self[step].status == "success"

    @property
    def seals(self) -> dict[str, str]:
        """The seals that the records name, by file."""
        return {name: seal for record in self.values() for name, seal in record.seals.items()}


def read_record(step: str, document: Mapping[str, object]) -> StepRecord:
    """A step's record from its JSON; raises ValueError for what is none."""
    kinds = (kind for kind in _KINDS if kind.step == step and kind.sign in document)
    kind = next(kinds, None)
    found = kind.model_validate(document) if kind else None
    return StepRecord.model_validate({**document, "found": found})
