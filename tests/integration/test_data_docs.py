"""Data Docs, built by Great Expectations itself in a context of their own."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import great_expectations
import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.expectations.metadata_types import FailureSeverity

from gx.docs.pages import SCRIPT, OfflineView, ValidationPageRenderer, standalone, summary, verdict
from gx.gate import checkpoint
from tests.staged_runs import daily_bars

HOSTILE = "<script>alert(1)</script>"
MAX_PAGE_BYTES = 75_000
MAX_RUN_BYTES = 300_000
LIMIT = 3
SITE_YML = f"""
config_version: 4.0
plugins_directory:
stores:
  expectations_store:
    class_name: ExpectationsStore
    store_backend: {{class_name: TupleFilesystemStoreBackend, base_directory: expectations/}}
  validation_results_store:
    class_name: ValidationResultsStore
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: ${{VAR_DIR}}/validations
  checkpoint_store:
    class_name: CheckpointStore
    store_backend: {{class_name: TupleFilesystemStoreBackend, base_directory: checkpoints/}}
  validation_definition_store:
    class_name: ValidationDefinitionStore
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: validation_definitions/
expectations_store_name: expectations_store
validation_results_store_name: validation_results_store
checkpoint_store_name: checkpoint_store
data_docs_sites:
  local_site:
    module_name: gx.docs.pages
    class_name: OfflineSiteBuilder
    site_name: Market data gate
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: ${{VAR_DIR}}/data_docs
    site_section_builders:
      expectations:
        view: {{module_name: gx.docs.pages, class_name: OfflineView}}
      validations:
        renderer: {{module_name: gx.docs.pages, class_name: ValidationPageRenderer}}
        view: {{module_name: gx.docs.pages, class_name: OfflineView}}
      profiling: None
    site_index_builder:
      module_name: gx.docs.index
      class_name: OfflineIndexBuilder
      validation_results_limit: {LIMIT}
      renderer: {{module_name: gx.docs.index, class_name: IndexRenderer}}
      view: {{module_name: gx.docs.index, class_name: OfflineIndexView}}
analytics_enabled: false
progress_bars: {{globally: false}}
"""


class Site:
    """A site of four runs: good, bad, warned, good."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "gx").mkdir(parents=True)
        (root / "gx" / "great_expectations.yml").write_text(SITE_YML, encoding="utf-8")
        self.context = great_expectations.get_context(
            mode="file",
            context_root_dir=root / "gx",
            runtime_environment={"VAR_DIR": str(root / "var")},
        )
        self.checkpoint = self._checkpoint()
        self.results = [
            self._run("run-1-good", _bars()),
            self._run("run-2-bad", _bad_bars()),
            self._run("run-3-warned", _bars(symbol="AAPL")),
            self._run("run-4-good", _bars()),
        ]
        self.docs = root / "var" / "data_docs"

    def page(self, run_name: str) -> str:
        (path,) = self.docs.glob(f"validations/stock_data/{run_name}/*/*.html")
        return path.read_text(encoding="utf-8")

    @property
    def index(self) -> str:
        return (self.docs / "index.html").read_text(encoding="utf-8")

    def rebuild_index(self) -> None:
        """As a run does it: `build_data_docs` would first rewrite every page of every result."""
        sites = self.context.variables.data_docs_sites
        builder = self.context._load_site_builder_from_site_config(sites["local_site"])
        builder.site_index_builder.build()

    def _checkpoint(self) -> great_expectations.Checkpoint:
        suite = self.context.suites.add(great_expectations.ExpectationSuite("stock_data"))
        for expectation in _expectations():
            suite.add_expectation(expectation)
        source = self.context.data_sources.add_pandas("frames").add_dataframe_asset("bars")
        batch = source.add_batch_definition_whole_dataframe("whole")
        definition = great_expectations.ValidationDefinition(name="v", data=batch, suite=suite)
        return self.context.checkpoints.add(
            great_expectations.Checkpoint(
                name="c",
                validation_definitions=[self.context.validation_definitions.add(definition)],
                actions=[great_expectations.checkpoint.UpdateDataDocsAction(name="docs")],
            )
        )

    def _run(self, name: str, bars: pd.DataFrame) -> ExpectationSuiteValidationResult:
        outcome = self.checkpoint.run(
            batch_parameters={"dataframe": bars}, run_id=RunIdentifier(run_name=name)
        )
        (result,) = outcome.run_results.values()
        return result


def _expectations() -> list[Any]:
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1, severity=FailureSeverity.CRITICAL),
        gxe.ExpectColumnValuesToNotBeNull(
            column="close",
            severity=FailureSeverity.CRITICAL,
            description=f"Each bar closes; {HOSTILE} a < b.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="symbol",
            value_set=["TSLA", "NVDA"],
            severity=FailureSeverity.WARNING,
            notes=f"See [here](https://example.com/a) {HOSTILE} ![x](http://example.com/x.png)",
        ),
        gxe.ExpectColumnDistinctValuesToBeInSet(
            column="symbol", value_set=["TSLA", "NVDA"], severity=FailureSeverity.INFO
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="high", column_B="low", or_equal=True, severity=FailureSeverity.CRITICAL
        ),
        gxe.ExpectColumnMeanToBeBetween(
            column="volume", min_value=0, severity=FailureSeverity.INFO
        ),
    ]


def _bars(symbol: str = "TSLA") -> pd.DataFrame:
    return pd.DataFrame(
        {"symbol": symbol, "close": [10.0] * 30, "high": 11.0, "low": 9.0, "volume": 100}
    )


def _bad_bars() -> pd.DataFrame:
    bars = _bars(symbol=HOSTILE).drop(columns="volume")
    bars.loc[3, "close"] = None
    bars.loc[5, "high"] = 1.0
    return bars


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def _all_pages(site: Site) -> dict[str, str]:
    pages = {
        str(path.relative_to(site.docs)): path.read_text(encoding="utf-8")
        for path in site.docs.rglob("*.html")
    }
    return pages | {"standalone": standalone(site.page("run-2-bad"))}


def test_every_kind_of_page_is_built(site: Site) -> None:
    folders = sorted(name.split("/")[0] for name in _all_pages(site))
    assert folders == ["expectations", "index.html", "standalone", *["validations"] * 4]


def test_no_page_points_outside(site: Site) -> None:
    outside = re.compile(
        r"""(?:\b(?:src|href|action|data|srcset)\s*=\s*["']?|url\(\s*["']?|@import\s+["']?)"""
        r"""\s*(?:https?:)?//""",
        re.IGNORECASE,
    )
    for name, page in _all_pages(site).items():
        assert not outside.search(page), name


def test_a_page_runs_one_script_and_its_policy_allows_no_other(site: Site) -> None:
    for name, page in _all_pages(site).items():
        assert re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.DOTALL) == [SCRIPT], name
        assert "default-src 'none'" in page, name
        assert not re.search(r"<[^>]+\son\w+=", page), name


def test_hostile_values_stay_escaped(site: Site) -> None:
    for name, page in _all_pages(site).items():
        assert HOSTILE not in page, name
    assert page_text(site.page("run-2-bad")).count(HOSTILE) >= 3


def test_links_between_pages_lead_to_files_that_exist(site: Site) -> None:
    for path in site.docs.rglob("*.html"):
        targets = re.findall(r'href="([^"#][^"]*)"', path.read_text(encoding="utf-8"))
        for target in targets:
            if not target.startswith("data:"):
                assert (path.parent / target).resolve().is_file(), (path, target)


def test_anchors_lead_to_sections_of_the_page(site: Site) -> None:
    for name, page in _all_pages(site).items():
        anchors = re.findall(r'href="#([^"]+)"', page)
        assert anchors or name == "index.html", name
        assert all(f'id="{anchor}"' in page for anchor in anchors), name


def test_the_index_lists_the_newest_runs_with_their_verdicts(site: Site) -> None:
    rows = re.findall(r"<tr><td><span.*?</tr>", site.index, re.DOTALL)
    cells = [[page_text(c).strip() for c in re.findall(r"<td.*?</td>", r, re.DOTALL)] for r in rows]
    assert [(c[2], c[0], c[3], c[5]) for c in cells] == [
        ("run-4-good", "passed", "stock_data", "0 of 6"),
        ("run-3-warned", "warned", "stock_data", "2 of 6"),
        ("run-2-bad", "failed", "stock_data", "5 of 6"),
    ]
    assert "1 older ones are not listed" in page_text(site.index)


def test_a_failing_page_shows_what_failed_and_how_badly(site: Site) -> None:
    text = page_text(site.page("run-2-bad"))
    assert "failed 2 critical, 1 warning, 1 info, 1 not checked of 6 checks" in text
    assert 'The column "volume" in BatchData does not exist.' in text
    assert "1 unexpected values found" in text
    assert "a < b." in text


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("run-1-good", "Status: passed all 6 checks"),
        ("run-3-warned", "Status: warned 1 warning, 1 info of 6 checks"),
    ],
)
def test_a_page_that_did_not_fail_says_how_it_went(site: Site, run: str, said: str) -> None:
    assert said in page_text(site.page(run))


def test_a_result_without_checks_is_not_called_passed() -> None:
    empty = {"results": [], "success": True}
    assert (verdict(empty), summary(empty)) == ("failed", "nothing was checked")


def test_passed_checks_and_only_they_can_be_hidden(site: Site) -> None:
    page = site.page("run-2-bad")
    rows = re.findall(r"<tr>\s*<td (?:(?!<tr>).)*?data-label=\"Status\".*?</td>", page, re.DOTALL)
    hidden = [row for row in rows if "hide-succeeded-validation-target-child" in row]
    assert len(rows) == 6
    assert [("text-success" in row) for row in rows] == [row in hidden for row in rows]
    assert len(hidden) == 1


def test_the_standalone_page_links_only_to_itself(site: Site) -> None:
    links = re.findall(r'href="([^"]*)"', standalone(site.page("run-2-bad")))
    assert {link[0] for link in links if link != "data:,"} == {"#"}


def test_the_page_says_which_mean_was_found(site: Site) -> None:
    text = page_text(site.page("run-1-good"))
    assert re.search(r"mean must be greater than or equal to 0\.0\. +100 ", text)


def test_pages_and_index_count_the_judged_bars_alone(tmp_path: Path) -> None:
    bars, lookback = daily_bars(["AAPL"], 40), daily_bars(["AAPL"], 40)
    lookback["date"] -= pd.Timedelta(days=70)
    bars, lookback = (
        b.assign(created_at=b["date"] + pd.Timedelta(days=1)) for b in (bars, lookback)
    )
    lookback.loc[5, ["high", "close"]] = [1.0, None]
    bars.loc[7, "volume"] = -1.0

    report = checkpoint.run(
        bars, results=tmp_path, run_name="narrow", as_of="2024-02-25", lookback=lookback
    )

    said = re.search(r"Status: (\w+) (.*?) of 33 checks", page_text(report.page))
    assert said
    counted = {name: report.failures(name) for name in ("critical", "warning", "info")}
    assert counted["critical"] == 1
    assert said[1] == "failed"
    assert said[2] == ", ".join(f"{count} {name}" for name, count in counted.items() if count)
    (stored,) = (tmp_path / "validations").rglob("*.json")
    checks = json.loads(stored.read_text(encoding="utf-8"))["results"]
    assert {check["result"].get("element_count") for check in checks} == {40, None}
    index = page_text((tmp_path / "data_docs" / "index.html").read_text(encoding="utf-8"))
    assert f"{len(report.failed)} of 33" in index


def test_a_page_of_sixty_failing_expectations_stays_below_300_kb(tmp_path: Path) -> None:
    context = great_expectations.get_context(mode="ephemeral")
    bars = daily_bars([f"SYMBOL{number:02d}" for number in range(40)], 20)
    columns = list(bars.columns)
    suite = great_expectations.ExpectationSuite("wide")
    for number in range(60):
        suite.add_expectation(
            gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(
                column_list=columns, ignore_row_if="never", description=f"Expectation {number}."
            )
            if number % 2
            else gxe.ExpectColumnValuesToBeBetween(column="close", min_value=1e6 + number)
        )
    batch = (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("bars")
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": bars.assign(open=bars["close"])})
    )
    result = batch.validate(suite, result_format="SUMMARY")

    page = standalone(OfflineView().render(ValidationPageRenderer().render(result)))

    assert not any(check.success for check in result.results)
    assert 50_000 < len(page.encode()) <= MAX_RUN_BYTES


def test_pages_stay_small(site: Site) -> None:
    sizes = {name: len(page.encode()) for name, page in _all_pages(site).items()}
    assert max(sizes.values()) <= MAX_PAGE_BYTES, sizes


def test_the_index_reads_only_the_results_it_lists(site: Site, tmp_path: Path) -> None:
    """A thousand older results that cannot even be parsed do not disturb it."""
    copied = Site(tmp_path / "many")
    for folder in ("validations", "data_docs/validations"):
        suffix = ".html" if folder.startswith("data_docs") else ".json"
        for number in range(1000):
            time = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=number)
            stamp = time.strftime("%Y%m%dT%H%M%S.%fZ")
            run = copied.root / "var" / folder / "stock_data" / f"old-{number}" / stamp
            run.mkdir(parents=True)
            (run / f"frames-bars{suffix}").write_text("{", encoding="utf-8")
    copied.rebuild_index()
    assert "run-4-good" in copied.index
    assert "1001 older ones are not listed" in page_text(copied.index)


def test_a_result_that_was_written_by_half_costs_one_row_and_not_the_index(
    tmp_path: Path,
) -> None:
    broken = Site(tmp_path / "broken")
    (path,) = (broken.root / "var").glob("validations/stock_data/run-4-good/*/*.json")
    path.write_text('{"results": [', encoding="utf-8")
    broken.rebuild_index()
    text = page_text(broken.index)
    assert "unreadable" in text
    assert "run-3-warned" in text


def page_text(page: str) -> str:
    """What a reader sees: the body without tags, entities resolved."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)))
