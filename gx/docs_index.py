"""The front page of Data Docs, drawn here and not by scripts from elsewhere."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import quote

from great_expectations.data_context.types.resource_identifiers import (
    ValidationResultIdentifier,
)
from great_expectations.exceptions.exceptions import InvalidKeyError
from great_expectations.render.renderer.site_builder import DefaultSiteIndexBuilder

from gx.docs import OfflineView, failure_counts, verdict


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

    def __init__(self, data_context: Any = None) -> None:
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

    def render(self, document: IndexPage, template: str | None = None, **kwargs: Any) -> str:
        """Return the page's HTML."""
        return str(self._get_template(template or self._template).render(page=document))


class OfflineIndexBuilder(DefaultSiteIndexBuilder):
    """Builds the index from the newest `validation_results_limit` results (all when not set).

    Reads the stored JSON as it is: turning each result back into objects costs many times more,
    and the index needs five of its fields.
    """

    def _add_validations_to_index_links(
        self, index_links_dict: "OrderedDict[str, Any]", keys: list[ValidationResultIdentifier]
    ) -> None:
        newest = sorted(keys, key=lambda key: key.run_id.run_time, reverse=True)
        shown = newest[: self.validation_results_limit or None]
        suites = {
            link["expectation_suite_name"]: link["filepath"]
            for link in index_links_dict.get("expectations_links", [])
        }
        index_links_dict["validations_links"] = [self._row(key, suites) for key in shown]
        index_links_dict["omitted"] = len(newest) - len(shown)

    def _row(self, key: ValidationResultIdentifier, suites: Mapping[str, str]) -> RunRow:
        result = self._stored(key)
        suite = key.expectation_suite_identifier.name
        return RunRow(
            verdict=verdict(result) if result else "unreadable",
            time=key.run_id.run_time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            name=str(key.run_id.run_name),
            suite=suite,
            suite_link=suites.get(suite),
            asset=_asset(result),
            failed=sum(failure_counts(result).values()) if result else 0,
            evaluated=len(result["results"]) if result else 0,
            link=quote("/".join(["validations", *_parts(key)]) + ".html"),
        )

    def _stored(self, key: ValidationResultIdentifier) -> Mapping[str, Any]:
        store = self.data_context.stores[self.source_stores["validations"]]
        try:
            result: Mapping[str, Any] = json.loads(store.store_backend.get(store.key_to_tuple(key)))
        except (json.JSONDecodeError, InvalidKeyError):
            # Half-written by a run that was killed, or pruned just now: one row, not the index.
            return {}
        return result


def _asset(result: Mapping[str, Any]) -> str:
    batch = result.get("meta", {}).get("active_batch_definition", {})
    return str(batch.get("data_asset_name", ""))


def _parts(key: ValidationResultIdentifier) -> tuple[str, ...]:
    parts: tuple[str, ...] = key.to_tuple()  # type: ignore[no-untyped-call]
    return parts
