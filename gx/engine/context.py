"""The committed Great Expectations project, opened to write elsewhere."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import great_expectations
from great_expectations.data_context.data_context.abstract_data_context import (
    AbstractDataContext,
)
from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier

from gx.engine.validator import answering


@lru_cache(maxsize=1)  # a context keeps the bars that it judged last
def project_context(results: Path, project: Path) -> AbstractDataContext:
    """The committed Great Expectations project, writing under ``results`` alone.

    Its YAML is parsed once a process (a tenth of a small run); suites are read each time.
    """
    opened = great_expectations.get_context(
        mode="file",
        context_root_dir=str(project),
        runtime_environment={"RESULTS_DIR": str(results.resolve())},
    )
    return answering(opened)


def page_of(context: AbstractDataContext, key: ValidationResultIdentifier) -> str:
    """The page of a result; a checkpoint without the action that builds it has left it to us."""
    (site,) = context.get_docs_sites_urls(resource_identifier=key)
    if site["site_url"] is None:
        context.build_data_docs(resource_identifiers=[key])
        (site,) = context.get_docs_sites_urls(resource_identifier=key)
    return Path(url2pathname(urlsplit(str(site["site_url"])).path)).read_text(encoding="utf-8")
