"""Where a run and its files are shown in MLflow's UI, relative to the server's address.

Without `workflowType` a browser that is new to the server opens the GenAI overview.
"""

import re

ARTIFACT_SCHEME = "artifact:"

_QUERY = "?workflowType=machine_learning"
_LINK = re.compile(rf"\]\({ARTIFACT_SCHEME}([^()\s]+)\)")


def run_url_path(experiment_id: str, run_id: str) -> str:
    """The run's page."""
    return f"#/experiments/{experiment_id}/runs/{run_id}{_QUERY}"


def artifact_url_path(experiment_id: str, run_id: str, artifact: str) -> str:
    """The page that shows one of the run's artifacts, as ``validation/report.html``."""
    return f"#/experiments/{experiment_id}/runs/{run_id}/artifacts/{artifact}{_QUERY}"


def link_artifacts(markdown: str, experiment_id: str, run_id: str) -> str:
    """The text with every link to ``artifact:PATH`` leading to that artifact of this run.

    Who writes a description cannot know the run's id, which MLflow gives later.
    """
    return _LINK.sub(
        lambda found: f"]({artifact_url_path(experiment_id, run_id, found[1])})", markdown
    )
