import shutil
import stat
from pathlib import Path

import pytest

from dags.local.env_file import DISTRIBUTED, SECRETS, filled, write_env
from dags.run.settings import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "gx" / "expectations").mkdir(parents=True)
    (tmp_path / "gx" / "expectations" / "stock_data.json").write_text("{}")
    return tmp_path


def values(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_secret_is_filled_in_and_each_is_its_own(checkout: Path):
    first = values(write_env(checkout))
    (checkout / ".env").unlink()
    second = values(write_env(checkout))

    made = [found[name] for found in (first, second) for name in SECRETS]
    assert len(set(made)) == 2 * len(SECRETS)
    assert min(map(len, made)) >= 20
    example = values(checkout / ".env.example")
    assert {name for name in first if first[name] != example[name]} <= {*SECRETS, "GATE_UID"}


def test_a_secret_needs_no_quoting_anywhere(checkout: Path):
    found = values(write_env(checkout))
    assert not set("".join(found[name] for name in SECRETS)) & set(" '\"$#%@:/\\`&")


def test_only_the_owner_may_read_it(checkout: Path):
    assert stat.S_IMODE(write_env(checkout).stat().st_mode) == 0o600


def test_one_that_is_there_is_not_overwritten(checkout: Path):
    (checkout / ".env").write_text("kept")
    with pytest.raises(FileExistsError):
        write_env(checkout)
    assert (checkout / ".env").read_text() == "kept"


def test_several_machines_get_their_executor_and_staging(checkout: Path):
    found = values(write_env(checkout, distributed=True))
    assert {name: found[name] for name in DISTRIBUTED} == DISTRIBUTED
    assert found["STAGING_URL"].startswith(f"s3://{found['S3_BUCKET']}/")


def test_the_containers_run_as_the_owner_of_the_checkout_but_never_as_root(checkout: Path):
    found = values(write_env(checkout))
    suite = checkout / "gx" / "expectations" / "stock_data.json"
    assert int(found["GATE_UID"]) == suite.stat().st_uid != 0


def test_a_variable_that_the_example_lacks_is_refused():
    with pytest.raises(KeyError, match="NEW"):
        filled("OLD=1\n", {"NEW": "2"})
