"""The READMEs: every link leads somewhere, and the tables of settings are what the classes say."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from dags.deployed import settings_table
from dags.run.settings import ROOT

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
)
PAGES = [ROOT / name for name in LISTED.stdout.split() if (ROOT / name).is_file()]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path):
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        assert not name.startswith("/"), link
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_pages_that_the_first_one_leads_to_are_found():
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"README.md", "dags/README.md", "gx/README.md", "tests/README.md"} <= names
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160


def test_the_tables_of_settings_are_fresh():
    assert settings_table.main(["--check"]) == 0, "make settings"


def test_a_stale_table_is_made_anew_and_only_the_table():
    page = settings_table.PAGE.read_text()
    order = settings_table.example_names()
    assert settings_table.written(page.replace("`5432`", "`5433`"), order) == page
    with pytest.raises(ValueError, match="lacks"):
        settings_table.written("# No markers", order)
