"""Data Docs that need nothing from outside: one file a page, readable offline and in a sandbox.

`great_expectations.yml` names these classes. Every page carries its own CSS and JavaScript, and a
Content-Security-Policy that lets no other script run and nothing be fetched.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from great_expectations.render.renderer.site_builder import SiteBuilder
from jinja2 import BytecodeCache, ChoiceLoader, FileSystemLoader, PackageLoader, pass_context
from jinja2.bccache import Bucket

from gx.engine.batches import raised_in
from gx.engine.seam.pages import EscapingView, HeadedPageRenderer, RowsRenderer

ASSETS = Path(__file__).parent / "assets"
CSS = (ASSETS / "docs.css").read_text(encoding="utf-8")
SCRIPT = (ASSETS / "docs.js").read_text(encoding="utf-8")
#: The only script a page may run; for whoever serves the pages with a policy of their own.
SCRIPT_HASH = "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()

_OUTSIDE_LINK = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
# Text of the data has no "<" left in it, and attributes no quote.
_LINK_TO_A_PAGE = re.compile(r'(<a\b[^>]*?)\shref="(?!#)[^"]*"')
_MAX_GRAPH_POINTS = 50


def _escape(value: object) -> str:
    return html.escape(str(value), quote=False)


class _Compiled(BytecodeCache):
    """Compiled templates, shared by all views.

    Each has an environment of its own, which would compile the same 30 templates once a page (a
    third of the cost of a small run).
    """

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand over what was compiled from the same source."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class OfflineView(EscapingView):
    """A page of a suite or of a validation result, in one self-contained file.

    Differs from the view it extends in two ways: templates of ours come first, and every value is
    escaped (the original leaves table cells, descriptions, tracebacks and attributes as they are).
    """

    _template = "offline_page.j2"

    def __init__(
        self, custom_styles_directory: str | None = None, custom_views_directory: str | None = None
    ) -> None:
        """Take the folders that a site builder hands to every view; ours needs none."""
        super().__init__(custom_styles_directory, custom_views_directory)
        original = PackageLoader("great_expectations", "render/view/templates")
        self.env.loader = ChoiceLoader([FileSystemLoader(ASSETS), original])
        self.env.trim_blocks = self.env.lstrip_blocks = True
        self.env.bytecode_cache = _COMPILED
        self.env.filters["graph_points"] = _graph_points
        self.env.filters["has_failures"] = _has_failures
        self.env.globals.update(css=CSS, script=SCRIPT, script_hash=SCRIPT_HASH)

    @pass_context
    def render_content_block(
        self, jinja_context: object, content_block: object, *args: object, **kwargs: object
    ) -> object:
        """Render a block; text that is not a block is data, and is escaped."""
        if isinstance(content_block, str):
            return _escape(content_block)
        if isinstance(content_block, list):
            content_block = [
                item if isinstance(item, Mapping) else _escape(item) for item in content_block
            ]
        return super().render_content_block(jinja_context, content_block, *args, **kwargs)

    def render_string_template(self, template: object) -> object:
        """Render a sentence with its parameters; it may itself be a user's text."""
        if not isinstance(template, Mapping):
            return template
        text = _escape(template.get("template", "")).replace("&lt;br&gt;", "<br>")
        safe = {key: value for key, value in template.items() if key != "tooltip"}
        if safe.get("tag") == "code":
            safe["styling"] = {"classes": ["trace"]}
        return super().render_string_template({**safe, "template": text})  # type: ignore[no-untyped-call]

    def render_styling(self, styling: Mapping[str, Any]) -> str:
        """Render classes, attributes and styles, without links that lead out of the site."""
        attributes = {
            name: html.escape(str(value))
            for name, value in (styling.get("attributes") or {}).items()
            if name != "href" or not _OUTSIDE_LINK.match(str(value))
        }
        return str(super().render_styling({**styling, "attributes": attributes}))

    def render_markdown(self, markdown: str) -> str:
        """Render a note, without its links and images."""
        note = str(super().render_markdown(markdown))  # type: ignore[no-untyped-call]
        return re.sub(r'\s(?:href|src)="[^"]*"', "", note)

    @staticmethod
    def escaped(value: object) -> str:
        """What fills a sentence comes from data and suites."""
        return _escape(value)


class SeverityTableRenderer(RowsRenderer):
    """The table of checks, with the severity under each status."""

    @classmethod
    def changed(cls, rows: Any, result: Any) -> None:
        """Add the severity."""
        _add_severity(rows[0][0], result.expectation_config.severity.value)


class ValidationPageRenderer(HeadedPageRenderer):
    """The page of one validation result: verdict by severity first, severities in the tables."""

    def __init__(self, data_context: object = None) -> None:
        """Take the context that a site builder hands to every renderer; a page needs none."""
        table = {"module_name": __name__, "class_name": SeverityTableRenderer.__name__}
        super().__init__(
            column_section_renderer={
                "class_name": "ValidationResultsColumnSectionRenderer",
                "table_renderer": table,
            },
            data_context=data_context,
        )

    @classmethod
    def headed(cls, sentence: dict[str, Any], validation_results: Any) -> None:
        """Say the verdict and how many checks failed, by severity."""
        # The original's asset is always None with the batches of today.
        text = sentence["template"].replace("${data_asset} ${data_asset_name}\n", "")
        result = _gist(validation_results)
        pill = f'<span class="verdict {verdict(result)}">{verdict(result)}</span>'
        sentence["template"] = text
        sentence["params"] |= {"html_success_icon": pill, "success": summary(result)}


class OfflineSiteBuilder(SiteBuilder):
    """Builds the site without the 3.5 MB of fonts and pictures that no page of ours uses."""

    def build(
        self, resource_identifiers: object = None, build_index: bool = True
    ) -> tuple[str | None, object]:
        """Write the pages asked for, then the index; return the index's address and its links."""
        for section in self.site_section_builders.values():
            section.build(resource_identifiers=resource_identifiers)
        _, links = self.site_index_builder.build(build_index=build_index)
        return self.get_resource_url(only_if_exists=False), links


def with_note(page: str, note: str) -> str:
    """A page of the site that begins with a note."""
    before, main, rest = page.partition("<main>")
    return f'{before}{main}<p class="note" role="note">{html.escape(note)}</p>{rest}'


def standalone(page: str) -> str:
    """Return a page of the site without the links to its other pages, as a file of its own."""
    return _LINK_TO_A_PAGE.sub(r"\1", page)


def failure_counts(result: Mapping[str, Any]) -> dict[str, int]:
    """Count a result's failed expectations as `critical`, `warning`, `info` and `crashed`.

    `result` is the JSON form of an ExpectationSuiteValidationResult. What raised is counted as
    `crashed` whatever its severity: it has checked nothing. What passed because it looked at none
    of the rows is counted as well.
    """
    any_rows = any((check.get("result") or {}).get("element_count") for check in result["results"])
    counts = {"critical": 0, "warning": 0, "info": 0, "crashed": 0}
    for check in result["results"]:
        if raised_in(check["exception_info"]):
            counts["crashed"] += 1
        elif not check["success"] or (any_rows and _looked_at_none(check)):
            counts[_severity(check)] += 1
    return counts


def verdict(result: Mapping[str, Any]) -> str:
    """Return `passed`, `warned` or `failed` for a result's JSON form.

    Only a critical failure, a check that raised, or the absence of checks counts as `failed`.
    """
    counts = failure_counts(result)
    if counts["critical"] or counts["crashed"] or not result["results"]:
        return "failed"
    return "warned" if any(counts.values()) else "passed"


def summary(result: Mapping[str, Any]) -> str:
    """Say in a few words which checks failed, from the result's JSON form."""
    names = {"critical": "critical", "warning": "warning", "info": "info", "crashed": "not checked"}
    parts = [f"{count} {names[kind]}" for kind, count in failure_counts(result).items() if count]
    if not result["results"]:
        return "nothing was checked"
    total = len(result["results"])
    return f"{', '.join(parts)} of {total} checks" if parts else f"all {total} checks"


def _looked_at_none(check: Mapping[str, Any]) -> bool:
    found = check.get("result") or {}
    count = found.get("element_count")
    return count is not None and count == (found.get("missing_count") or 0)


def _gist(validation_results: Any) -> dict[str, object]:
    """What `verdict` and `summary` read of the JSON form, which takes long to make as a whole."""
    results = [
        {
            "success": check.success,
            "result": check.result,
            "exception_info": check.exception_info or {},
            "expectation_config": {"severity": check.expectation_config.severity.value},
        }
        for check in validation_results.results
    ]
    return {"results": results}


def _severity(check: Mapping[str, Any]) -> str:
    return str((check.get("expectation_config") or {}).get("severity") or "critical")


def _add_severity(status: Any, severity: str) -> None:
    sentence = status.string_template
    sentence["template"] += " $severity"
    sentence["params"]["severity"] = severity
    sentence["styling"]["params"]["severity"] = {"classes": ["badge", f"sev-{severity}"]}


def _has_failures(section: Mapping[str, Any]) -> bool:
    return not any(
        "hide-succeeded-validations-column-section-target-child"
        in (block.get("styling") or {}).get("classes", [])
        for block in section["content_blocks"]
    )


def _graph_points(graph: Any) -> list[dict[str, Any]]:
    spec: dict[str, Any] = json.loads(graph) if isinstance(graph, str) else graph
    sets: list[list[object]] = list(spec.get("datasets", {}).values())
    points = spec.get("data", {}).get("values") or (sets[0] if sets else [])
    return [point for point in points if isinstance(point, dict)][:_MAX_GRAPH_POINTS]
