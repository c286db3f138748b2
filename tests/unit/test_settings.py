from pathlib import Path

import pytest
from pydantic import ValidationError

from dags.errors import RequestError
from dags.run.settings import Settings, mask_url


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_defaults():
    settings = Settings()

    assert settings.symbols == ["TSLA", "NVDA"]
    assert (settings.task_retries, settings.retry_delay_seconds) == (2, 120)
    assert (settings.on_critical, settings.workflow_schedule) == ("fail", None)
    assert settings.mlflow_experiment_name == "ibkr-stock-data"


def test_the_environment_wins_and_empty_variables_do_not_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POSTGRES_HOST", "db.example")
    monkeypatch.setenv("POSTGRES_PORT", "6543")
    monkeypatch.setenv("POSTGRES_PASSWORD", "sesame7391")
    monkeypatch.setenv("STOCK_SYMBOLS", "")
    monkeypatch.setenv("RESULTS_DIR", "/srv/quality")

    settings = Settings()

    assert (settings.bars().host, settings.bars().port) == ("db.example", 6543)
    assert settings.bars().password == "sesame7391"
    assert settings.symbols == ["TSLA", "NVDA"]
    assert settings.results_dir == Path("/srv/quality")


def test_the_settings_of_another_environment_ignore_this_one(monkeypatch: pytest.MonkeyPatch):
    settings = Settings.of({"POSTGRES_HOST": "there", "PATH": "/bin"})
    assert settings.postgres_host == "there"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PORT", "many"),
        ("ON_CRITICAL", "hope"),
        ("TASK_RETRIES", "-1"),
        ("ENVIRONMENT", "moon"),
        ("DEBUG_MODE", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_malformed_default_symbols_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STOCK_SYMBOLS", "TSLA,, NVDA")
    with pytest.raises(RequestError, match="symbol '' is empty"):
        Settings()


def test_repairs_are_automatic_by_rules_that_are_named(monkeypatch: pytest.MonkeyPatch):
    assert Settings().auto_rules == frozenset()
    monkeypatch.setenv("AUTO_REPAIR", "unit, high and low exchanged,")
    assert Settings().auto_rules == {"unit", "high and low exchanged"}


def test_an_unknown_rule_of_repair_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AUTO_REPAIR", "unit,singn,all")
    with pytest.raises(RequestError) as refused:
        Settings()
    said = str(refused.value)
    assert said.startswith("AUTO_REPAIR has no rule of this name: 'singn'; did you mean 'sign'?, ")
    assert "'all'" in said and "The rules are unit, sign, high and low exchanged, " in said


def test_no_form_of_the_settings_shows_a_secret(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POSTGRES_PASSWORD", "sesame7391")
    monkeypatch.setenv("SEAL_KEY", "sesame7391" * 4)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://trader:sesame7391@mlflow:5000")

    settings = Settings()

    assert "sesame7391" not in str(settings.masked())
    assert settings.masked()["mlflow_tracking_uri"] == "http://trader:***@mlflow:5000"
    assert "sesame7391" not in repr(settings.bars()) + str(settings.bars().url())


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("http://127.0.0.1:5500", "http://127.0.0.1:5500"),
        ("http://u:p@h:1", "http://u:***@h:1"),
        ("http://u:p@q@h", "http://u:***@h"),
        ("http://u@h", "http://u@h"),
    ],
)
def test_a_url_is_masked(url: str, masked: str):
    assert mask_url(url) == masked
