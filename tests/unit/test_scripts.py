"""The pages' scripts: their logic under `node --test`, their form under Biome."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = sorted((ROOT / "tests/unit/scripts").glob("*.test.mjs"))
TEMPLATES = sorted((ROOT / "gx/web/assets/templates").glob("*.html"))
NODE = shutil.which("node")
BIOME = shutil.which("biome", path=sysconfig.get_path("scripts")) or shutil.which("biome")


def ran(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(NODE is None, reason="NOT TESTED: the pages' scripts; there is no node")
def test_the_scripts_do_what_they_say():
    assert len(TESTS) > 3
    assert "# fail 0" in ran(str(NODE), "--test", "--test-reporter=tap", *TESTS)


@pytest.mark.skipif(BIOME is None, reason="NOT CHECKED: the form of the scripts; there is no biome")
def test_the_scripts_are_formatted_and_linted():
    # The folders by name: through the root it would walk into .venv.
    assert "Checked" in ran(str(BIOME), "ci", "--error-on-warnings", "gx", "tracking", "tests")


def test_a_form_that_a_script_sends_is_not_sent_without_it():
    """Its page may be slow: what is sent before the script is there would be lost."""
    forms = re.findall(
        r"<form(?![^>]* method=).*?</form>", "".join(map(Path.read_text, TEMPLATES)), re.DOTALL
    )
    assert len(forms) >= 3
    buttons = [button for form in forms for button in re.findall(r"<button[^>]*>", form)]
    assert buttons and all(" disabled" in button for button in buttons), buttons
