"""What people do about held bars: judge again, release and discard, each with a reason."""

import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from anyio import from_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gx.editing.waivers import WaiverStore
from gx.errors import WaiverError
from gx.suite.texts import reason_of
from gx.symbols import symbol_fault
from gx.web.bodies import Body, RequestFault, answered, read_body, texts
from gx.web.guard import Forbidden, User, require_decider, writer
from gx.web.held.kept import Decision, HeldError, HeldSymbol
from gx.web.held.release import not_yet, release_of
from gx.web.suites.datasets import require_may_save

if TYPE_CHECKING:
    from gx.web.sources import ListedDataset, Sources

# Starts a run of a workflow as the request's user, given its id, parameters and a note; returns
# what keeps it waiting, or nothing. Raises Forbidden and HeldError.
Trigger = Callable[[Request, str, str, Mapping[str, object], str], Coroutine[Any, Any, str]]
MOST_SYMBOLS = 500
_DAYS = {"first_date": str, "last_date": str}
Days = tuple[date | None, date | None]


@dataclass(frozen=True)
class _Asked:
    """An action that somebody asks for, on a dataset that this user may change."""

    request: Request
    user: User
    dataset: "ListedDataset"

    @property
    def sources(self) -> "Sources":
        sources: Sources = self.request.app.state.sources
        return sources

    def decisions(self, symbols: Sequence[str], seen: Sequence[str], body: Body) -> list[Decision]:
        """What is decided on each symbol, for one reason, on the same days."""
        reason, (first, last) = reason_of(body["reason"]), _days(body)
        return [
            Decision(symbol or None, its, self.user.name, reason, first, last)
            for symbol, its in zip(symbols, seen, strict=True)
        ]

    def start(self, decisions: Sequence[Decision], found: Sequence[HeldSymbol], run_id: str) -> str:
        """Have a run judge these bars anew; what keeps it waiting, or nothing."""
        trigger: Trigger | None = self.request.app.state.trigger
        if trigger is None:
            raise HeldError("no run can be started from here: these pages are not in Airflow")
        first, last = self.sources.held.days(self.dataset.name, found)
        conf: dict[str, object] = {
            "symbols": [one.symbol for one in decisions],
            "start_date": _text(decisions[0].first or first),
            "end_date": _text(decisions[0].last or last),
            "policy": "quarantine",
        }
        said = f"{decisions[0].by}: {decisions[0].reason}"
        return from_thread.run(trigger, self.request, self.dataset.dag_id, run_id, conf, said)

    def started(self, run_id: str, waits: str) -> dict[str, str]:
        """The answer: where the run is, and where its report will be."""
        run = quote(run_id, safe="")
        return {
            "run_id": run_id,
            "airflow": f"{self.dataset.airflow_url}/runs/{run}",
            "report": f"/dags/{quote(self.dataset.dag_id, safe='')}/runs/{run}",
            "waits": waits,
        }


async def judge_again(request: Request) -> Response:
    """Have a run judge held bars of ``symbols`` anew, by policy ``quarantine``.

    ``seen`` says of each what its reader saw; the run is about its days, or those that are given.
    """
    asked = await _asked(request)

    async def act() -> dict[str, Any]:
        needed = {"symbols": list, "seen": list, "reason": str}
        body = await read_body(request, needed, **_DAYS)
        symbols, seen = texts(body, "symbols"), texts(body, "seen")
        if len(symbols) != len(seen) or len(set(symbols)) != len(symbols):
            raise RequestFault("the request must say what was seen of each symbol, once")
        return await run_in_threadpool(_judge_again, asked, asked.decisions(symbols, seen, body))

    return await answered(act)


def _judge_again(asked: _Asked, decisions: Sequence[Decision]) -> dict[str, str]:
    _require_judgeable(decisions)
    run_id = _new_run_id("judge_again")
    acting = asked.sources.held.acting(
        asked.dataset.name, decisions, action="judge again", run_id=run_id
    )
    with acting as found:
        return asked.started(run_id, asked.start(decisions, found, run_id))


async def release(request: Request) -> Response:
    """Accept the failures of a symbol's held bars as they are, and have a run judge them anew.

    The waivers are of exactly these bars, until ``expires``: the run publishes what the source
    still has so, and holds what it has not.
    """
    asked = await _asked(request)
    require_decider(asked.user, asked.dataset.dag_id)
    require_may_save(asked.user, asked.sources, asked.dataset.suite)

    async def act() -> dict[str, Any]:
        needed = {"symbol": str, "seen": str, "reason": str}
        body = await read_body(request, needed, expires=str, **_DAYS)
        (decision,) = asked.decisions([body["symbol"]], [body["seen"]], body)
        return await run_in_threadpool(_release, asked, decision, body.get("expires", ""))

    return await answered(act)


def _release(asked: _Asked, decision: Decision, expires: str) -> dict[str, Any]:
    _require_judgeable([decision])
    held, dataset = asked.sources.held, asked.dataset
    run_id = _new_run_id("release")
    with held.acting(dataset.name, [decision], action="release", run_id=run_id) as (found,):
        releasing = release_of(asked.sources, dataset, found, (decision.first, decision.last))
        if releasing.obstacles:
            raise HeldError(f"these bars cannot be released: {'; '.join(releasing.obstacles)}")
        undo = _accept(asked, decision, releasing.waivers, expires)
        try:
            waits = asked.start([decision], [found], run_id)
        except BaseException:
            undo()
            raise
    return {**asked.started(run_id, waits), "accepted": releasing.failures}


def _accept(
    asked: _Asked, decision: Decision, wanted: Sequence[dict[str, Any]], expires: str
) -> Callable[[], None]:
    """Make the waivers that are not there yet; returns what takes them back."""
    sources, suite = asked.sources, asked.dataset.suite
    store = WaiverStore(sources.waivers, sources.history, sources.suites)
    until = {"expires": expires} if expires else {}
    new = [{**one, **until} for one in not_yet(wanted, store.read(suite))]
    made = store.accept(suite, new, author=decision.by, reason=decision.reason) if new else ()

    def undo() -> None:
        for one in made:
            with suppress(WaiverError):  # somebody else did already
                reason = "the run that was to judge them could not be started"
                store.withdraw(suite, one.id, author=decision.by, reason=reason)

    return undo


async def discard(request: Request) -> Response:
    """Resolve a symbol's held bars as not wanted; they stay readable."""
    asked = await _asked(request)
    require_decider(asked.user, asked.dataset.dag_id)

    async def act() -> dict[str, Any]:
        needed = {"symbol": str, "seen": str, "reason": str}
        body = await read_body(request, needed, **_DAYS)
        (decision,) = asked.decisions([body["symbol"]], [body["seen"]], body)
        if "\0" in body["symbol"]:
            raise HeldError("nothing is held of such a symbol")
        held = asked.sources.held
        return {"bars": await run_in_threadpool(held.discard, asked.dataset.name, decision)}

    return await answered(act)


def known_dataset(sources: "Sources", name: str) -> "ListedDataset":
    """The dataset of this name; 404 for one that there is not, or whose file cannot be read."""
    found = next((one for one in sources.datasets() if one.name == name and one.known), None)
    if found is None:
        raise HTTPException(404, "There is no such dataset, or its file cannot be read.")
    return found


async def _asked(request: Request) -> _Asked:
    """Who asks for what; raises Forbidden for who may not change the workflow."""
    user = await writer(request)
    sources: Sources = request.app.state.sources
    name = request.path_params["dataset"]
    found = await run_in_threadpool(known_dataset, sources, name)
    if not user.may_change(found.dag_id):
        raise Forbidden(f"{user.name} may not change the workflow {found.dag_id}")
    return _Asked(request, user, found)


def _require_judgeable(decisions: Sequence[Decision]) -> None:
    """Raise HeldError for what a run cannot be asked about by name."""
    if not 0 < len(decisions) <= MOST_SYMBOLS:
        raise HeldError(f"choose 1 to {MOST_SYMBOLS} symbols")
    for one in decisions:
        if one.symbol is None:
            raise HeldError("rows without a symbol are judged by a run of all symbols alone")
        if fault := symbol_fault(one.symbol):
            raise HeldError(f"symbol {one.symbol!r} {fault}: no run can be asked for it")


def _days(body: Body) -> Days:
    first, last = (_day(body.get(name, "")) for name in _DAYS)
    if first and last and last < first:
        raise HeldError(f"the last day, {last}, is before the first, {first}")
    return first, last


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise HeldError(f"{text[:40]!r} is no date; write it as YYYY-MM-DD") from None


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _new_run_id(kind: Literal["judge_again", "release"]) -> str:
    return f"{kind}__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}_{secrets.token_hex(3)}"
