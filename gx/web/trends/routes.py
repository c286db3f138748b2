"""The routes of what is shown over many runs."""

from starlette.routing import Route

from gx.web.trends.expectation import expectation_page
from gx.web.trends.symbol import symbol_page


def trend_routes() -> list[Route]:
    """A symbol's page and an expectation's; what they are called is no part of a path."""
    return [Route("/symbols/", symbol_page), Route("/expectations/", expectation_page)]
