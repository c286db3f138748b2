"""The quality desk inside Airflow's UI.

Plugins are loaded in every task's process, so nothing heavy is imported before the api-server asks
for the app.
"""

from functools import cached_property
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

from dags.run.links import LINKS, airflow_root
from dags.staging.layout import PAGES


def _views(root: str) -> list[dict[str, object]]:
    """The items of the navigation and the tab on a run; ``root`` is the path Airflow is under."""
    pages = (("Data quality", ""), ("Suites", "suites/"), ("Data Docs", "docs/"))
    items: list[dict[str, object]] = [
        {
            "name": name,
            "href": f"{root}{PAGES}/{path}",
            "destination": "nav",
            "url_route": name.lower().replace(" ", "_"),
            "nav_top_level": name == "Data quality",
        }
        for name, path in pages
    ]
    tab: dict[str, object] = {
        "name": "Quality report",
        # On other people's DAGs too, where it says that no dataset has this one.
        "href": f"{root}{PAGES}/dags/{{DAG_ID}}/runs/{{RUN_ID}}",
        "destination": "dag_run",
        "url_route": "quality_report",
    }
    return [*items, tab]


class MarketGatePlugin(AirflowPlugin):
    """Data quality, suites and Data Docs in the navigation; a run's report on it and its tasks."""

    name = "market_gate"
    external_views = _views(urlsplit(airflow_root()).path)
    global_operator_extra_links = LINKS

    @cached_property
    def _apps(self) -> list[dict[str, object]]:
        from dags.pages.access import guarded_app

        return [{"app": guarded_app(), "url_prefix": PAGES, "name": "Market data gate"}]

    @property
    def fastapi_apps(self) -> list[dict[str, object]]:  # type: ignore[override]
        """The pages, made when the api-server asks for them."""
        return self._apps

    @property
    def fastapi_root_middlewares(self) -> list[dict[str, object]]:  # type: ignore[override]
        """What stands around the api-server.

        The login is slow for whoever guesses; no run is marked as a success that has not published;
        a question is answered once.
        """
        from dags.asking.answers import OneAnswer
        from dags.pages.login_limit import SlowGuesses
        from dags.pages.marking import OnlyPublishedGreen

        return [
            {"middleware": SlowGuesses, "name": "Slow guesses"},
            {"middleware": OnlyPublishedGreen, "name": "Only what has published is green"},
            {"middleware": OneAnswer, "name": "One answer to a question"},
        ]
