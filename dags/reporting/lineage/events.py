"""OpenLineage's events of a run, as its client has them; see openlineage.io/spec/2-0-2."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    InputDatasetFacet,
    JobFacet,
    RunFacet,
    documentation_job,
    error_message_run,
    job_type_job,
    schema_dataset,
    sql_job,
)
from openlineage.client.facet_v2 import (
    data_quality_assertions_dataset as quality,
)
from openlineage.client.facet_v2 import (
    input_statistics_input_dataset as read,
)
from openlineage.client.facet_v2 import (
    output_statistics_output_dataset as written,
)
from openlineage.client.uuid import generate_static_uuid

from gx.report.document import OutcomeDocument
from sql.connection import ConnectionSettings

PRODUCER = "https://github.com/market-data-gate"
State = Literal["START", "COMPLETE", "FAIL"]
# As the specification calls them; what is info is for people alone.
SEVERITIES = {"critical": "error", "warning": "warn", "info": "info"}


@dataclass(frozen=True)
class Table:
    """A table of PostgreSQL with its columns and their types, and how many rows this is about."""

    place: ConnectionSettings
    name: str
    columns: Sequence[tuple[str, str]] = ()
    rows: int | None = None

    @property
    def namespace(self) -> str:
        """The server, as the naming convention of OpenLineage has it; a socket is this machine."""
        host = "localhost" if self.place.host.startswith("/") else self.place.host
        return f"postgres://{host}:{self.place.port}"

    @property
    def full_name(self) -> str:
        """Database, schema and table."""
        schema = "" if "." in self.name else f"{self.place.schema or 'public'}."
        return f"{self.place.database}.{schema}{self.name}"

    @property
    def schema(self) -> schema_dataset.SchemaDatasetFacet:
        """Its columns, in their order."""
        fields = [
            schema_dataset.SchemaDatasetFacetFields(name=name, type=kind)
            for name, kind in self.columns
        ]
        return schema_dataset.SchemaDatasetFacet(fields=fields)


@dataclass(frozen=True)
class Told:
    """A run of the gate, in OpenLineage's terms: ``job`` is the workflow's quality gate.

    ``begun`` makes the run's id, with its name.
    """

    namespace: str
    job: str
    run_id: str
    begun: datetime
    title: str = ""
    query: str = ""

    @property
    def uuid(self) -> str:
        """The same for every event of the run."""
        named = f"{self.namespace}/{self.job}/{self.run_id}".encode()
        return str(generate_static_uuid(self.begun, named))


def event(
    told: Told,
    state: State,
    *,
    source: Table,
    outcomes: Sequence[OutcomeDocument] = (),
    published: Sequence[Table] = (),
    error: str = "",
) -> RunEvent:
    """A run's beginning, or its end with what was judged and published."""
    return RunEvent(
        eventType=RunState[state],
        eventTime=datetime.now(UTC).isoformat(),
        run=Run(told.uuid, _of_the_run(error)),
        job=Job(told.namespace, told.job, _of_the_job(told)),
        producer=PRODUCER,
        inputs=[_input(source, outcomes)],
        outputs=[_output(table) for table in published],
    )


def _of_the_run(error: str) -> dict[str, RunFacet]:
    if not error:
        return {}
    return {"errorMessage": error_message_run.ErrorMessageRunFacet(error, "python")}


def _of_the_job(told: Told) -> dict[str, JobFacet]:
    kind = job_type_job.JobTypeJobFacet("BATCH", "GREAT_EXPECTATIONS", "QUALITY_GATE")
    facets: dict[str, JobFacet] = {"jobType": kind}
    if told.title:
        facets["documentation"] = documentation_job.DocumentationJobFacet(told.title)
    if told.query:
        facets["sql"] = sql_job.SQLJobFacet(told.query)
    return facets


def _input(table: Table, outcomes: Sequence[OutcomeDocument]) -> InputDataset:
    facets: dict[str, InputDatasetFacet] = {}
    if table.rows is not None:
        facets["inputStatistics"] = read.InputStatisticsInputDatasetFacet(rowCount=table.rows)
    if outcomes:
        facets["dataQualityAssertions"] = quality.DataQualityAssertionsDatasetFacet(
            [_assertion(one) for one in outcomes]
        )
    return InputDataset(
        table.namespace, table.full_name, facets={"schema": table.schema}, inputFacets=facets
    )


def _assertion(outcome: OutcomeDocument) -> quality.Assertion:
    column = outcome.kwargs.get("column")
    return quality.Assertion(
        assertion=outcome.type,
        success=outcome.success,
        column=str(column) if column else None,
        severity=SEVERITIES.get(outcome.severity, outcome.severity),
        name=outcome.type.removeprefix("expect_"),
        description=outcome.description,
        actual=outcome.observed or None,
        params={"unexpected_count": outcome.unexpected_count, "status": outcome.status},
    )


def _output(table: Table) -> OutputDataset:
    rows = written.OutputStatisticsOutputDatasetFacet(rowCount=table.rows)
    return OutputDataset(
        table.namespace,
        table.full_name,
        facets={"schema": table.schema},
        outputFacets={"outputStatistics": rows},
    )
