"""The front page of Data Docs, drawn here and not by scripts from elsewhere."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.render.renderer.site_builder import (
    DefaultSiteIndexBuilder,
    DefaultSiteSectionBuilder,
)

from gx.docs.pages import OfflineView, failure_counts, verdict
from gx.docs.stored_results import RESULTS, Gist, Remembered, StoredResult

if TYPE_CHECKING:
    from collections import OrderedDict

MEMORY = ".index.json"


@dataclass(frozen=True)
class RunRow:
    """One validation on the index; `verdict` is passed, warned, failed, unreadable; `time`: UTC."""

    verdict: str
    time: str
    name: str
    suite: str
    suite_link: str | None
    asset: str
    failed: int
    evaluated: int
    link: str


@dataclass(frozen=True)
class SuiteRow:
    """One suite on the index."""

    name: str
    link: str


@dataclass(frozen=True)
class IndexPage:
    """What the index shows: newest runs first, and how many older ones it leaves out."""

    site_name: str
    runs: tuple[RunRow, ...]
    suites: tuple[SuiteRow, ...]
    omitted: int


class IndexRenderer:
    """Turns the links that Great Expectations collects into an `IndexPage`."""

    def __init__(self, data_context: object = None) -> None:
        """Accept the context, which the site builder hands to every renderer."""

    def render(self, links: Mapping[str, Any]) -> IndexPage:
        """Return the index of `links`."""
        suites = tuple(
            SuiteRow(link["expectation_suite_name"], link["filepath"])
            for link in links.get("expectations_links", [])
        )
        return IndexPage(
            site_name=str(links.get("site_name") or "Data Docs"),
            runs=tuple(links.get("validations_links", [])),
            suites=tuple(sorted(suites, key=lambda suite: suite.name)),
            omitted=links.get("omitted", 0),
        )


class OfflineIndexView(OfflineView):
    """The index as plain HTML tables."""

    _template = "offline_index.j2"

    def render(self, document: IndexPage, template: str | None = None, **kwargs: object) -> str:
        """Return the page's HTML."""
        return str(self._get_template(template or self._template).render(page=document))


class OfflineIndexBuilder(DefaultSiteIndexBuilder):
    """Builds the index from the newest `validation_results_limit` results (all when not set).

    Lists the files itself and remembers what it read: otherwise every run would pay for all runs
    before it. (The original even walks the pages of all runs to find those of the suites.)
    """

    def _add_expectations_to_index_links(
        self, index_links_dict: "OrderedDict[str, Any]", skip_and_clean_missing: bool
    ) -> None:
        site = self.target_store.store_backends[ExpectationSuiteIdentifier].full_base_directory
        for key in self.data_context.stores[self.source_stores["expectations"]].list_keys():
            if Path(site, "expectations", *key.to_tuple()).with_suffix(".html").is_file():
                self.add_resource_info_to_index_links_dict(  # type: ignore[no-untyped-call]
                    index_links_dict, key.name, section_name="expectations"
                )

    def _build_validation_and_profiling_result_site_keys(
        self, skip_and_clean_missing: bool
    ) -> list[ValidationResultIdentifier]:
        return []  # they are listed below, by the names of their files

    def _add_validations_to_index_links(
        self, index_links_dict: "OrderedDict[str, Any]", keys: list[ValidationResultIdentifier]
    ) -> None:
        suites = {
            link["expectation_suite_name"]: link["filepath"]
            for link in index_links_dict.get("expectations_links", [])
        }
        pages = self.target_store.store_backends[ValidationResultIdentifier].full_base_directory
        results = self.data_context.stores[self.source_stores["validations"]].store_backend
        stored = Path(results.full_base_directory)
        remembered = Remembered(Path(pages) / MEMORY)
        newest = remembered.list(stored)
        shown: list[StoredResult] = []
        passed_over = 0
        for result in newest:
            if self.validation_results_limit and len(shown) == self.validation_results_limit:
                break
            if (Path(pages) / RESULTS / f"{result.place}.html").is_file():
                shown.append(result)
            else:
                passed_over += 1
        gists = {result: _gist(stored, result, remembered) for result in shown}
        index_links_dict["validations_links"] = [_row(r, gists[r], suites) for r in shown]
        index_links_dict["omitted"] = len(newest) - len(shown) - passed_over
        remembered.write({result: gist for result, gist in gists.items() if gist})


def _row(result: StoredResult, gist: Gist | None, suites: Mapping[str, str]) -> RunRow:
    gist = gist or Gist(0, "unreadable", "", 0, 0)
    return RunRow(
        verdict=gist.verdict,
        time=result.time,
        name=result.run,
        suite=result.suite,
        suite_link=suites.get(result.suite),
        asset=gist.asset,
        failed=gist.failed,
        evaluated=gist.evaluated,
        link=quote(f"{RESULTS}/{result.place}.html"),
    )


def _gist(stored: Path, result: StoredResult, remembered: Remembered) -> Gist | None:
    """What the stored JSON says; making objects of it again would cost many times more."""
    path = stored / f"{result.place}.json"
    try:
        changed = path.stat().st_mtime_ns
        known = remembered.gist(result, changed)
        if known:
            return known
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, FileNotFoundError):
        # Half-written by a run that was killed, or pruned just now: one row, not the index.
        return None
    batch = document.get("meta", {}).get("active_batch_definition", {})
    return Gist(
        changed=changed,
        verdict=verdict(document),
        asset=str(batch.get("data_asset_name", "")),
        failed=sum(failure_counts(document).values()),
        evaluated=len(document["results"]),
    )


class GivenPagesBuilder(DefaultSiteSectionBuilder):
    """Builds the pages that it is asked for, without listing every stored result first."""

    def build(self, resource_identifiers: Any = None) -> None:
        """Write the pages of these results; those of all results when there are none given."""
        builder = copy.copy(self)
        if resource_identifiers:
            wanted = [k for k in resource_identifiers if isinstance(k, ValidationResultIdentifier)]
            builder.source_store = _Given(self.source_store, wanted)
            builder.run_name_filter = None  # it cannot stand a run without a name
        super(GivenPagesBuilder, builder).build(resource_identifiers)


class _Given:
    """A store that seems to hold only the given keys."""

    def __init__(self, store: Any, keys: list[ValidationResultIdentifier]) -> None:
        self.get, self._keys = store.get, keys

    def list_keys(self) -> list[ValidationResultIdentifier]:
        return self._keys
