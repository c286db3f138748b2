"""One client's connection: its handshake, what it asks, and what it is told."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from tests.ib_gateway import errors
from tests.ib_gateway.bars import SPELLED
from tests.ib_gateway.contracts import Asked as AskedContract
from tests.ib_gateway.contracts import Listing, session_or_day
from tests.ib_gateway.errors import Said
from tests.ib_gateway.pacing import Asked
from tests.ib_gateway.requests import Refused, history, query_of
from tests.ib_gateway.script import ALTERS, ANSWERS, EVENTS, Rule
from tests.ib_gateway.wire import (
    SERVER_VERSION,
    Field,
    Fields,
    frame,
    read_fields,
    read_versions,
)

if TYPE_CHECKING:
    from tests.ib_gateway.server import Gateway

ORDERS = {3: "place order", 4: "cancel order", 21: "exercise options", 58: "cancel all orders"}
QUIET = {
    14: "log level",
    15: "bind orders",
    59: "market data type",
    63: "cancel account summary",
    64: "cancel positions",
    77: "cancel account updates",
    90: "cancel head",
}

Answer = Callable[[Asked, list[Rule]], None]


class Session:
    """A client that is connected."""

    def __init__(self, gateway: "Gateway", reader: StreamReader, writer: StreamWriter) -> None:
        self.gateway = gateway
        self.client_id: int | None = None
        self._reader, self._writer = reader, writer
        self._kept: bytearray | None = None  # what goes to nobody yet
        self._tasks: dict[int, tuple[Asked, asyncio.Task[None]]] = {}
        self._handlers: dict[int, tuple[str, Callable[[Fields, Asked], None]]] = {
            5: ("open orders", lambda _f, _a: self.send(53, 1)),
            6: ("account updates", self._account_updates),
            7: ("executions", lambda f, a: self.send(55, 1, _second(f))),
            8: ("ids", lambda _f, _a: self.send(9, 1, 1)),
            9: ("contract", self._contract),
            16: ("all open orders", lambda _f, _a: self.send(53, 1)),
            17: ("accounts", lambda _f, _a: self.send(15, 1, gateway.account)),
            20: ("historical", self._historical),
            25: ("cancel", self._cancel),
            49: ("time", lambda _f, _a: self.send(49, 1, int(gateway.clock.now().timestamp()))),
            61: ("positions", lambda _f, _a: self.send(62, 1)),
            62: ("account summary", lambda f, _a: self.send(64, 1, _second(f))),
            71: ("start", self._start),
            76: ("account updates of one", lambda f, _a: self.send(74, 1, _second(f))),
            87: ("head", self._head),
            99: ("completed orders", lambda _f, _a: self.send(102)),
            **{number: (name, self._read_only) for number, name in ORDERS.items()},
            **{number: (name, lambda _f, _a: None) for number, name in QUIET.items()},
        }

    async def run(self) -> None:
        """Talk until either side ends it."""
        try:
            if await self._shake_hands():
                while (fields := await read_fields(self._reader)) is not None:
                    self._take(fields)
        except ValueError as reason:
            self.say(errors.unreadable(str(reason)))
        finally:
            self._forget("gone")
            self.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _shake_hands(self) -> bool:
        versions = await read_versions(self._reader)
        if versions is None or not versions[0] <= SERVER_VERSION <= versions[1]:
            return False
        self.send(SERVER_VERSION, f"{self.gateway.clock.now():%Y%m%d %H:%M:%S} UTC")
        return True

    def close(self) -> None:
        """End the connection; what is written already still goes out."""
        self._writer.close()

    def send(self, *fields: Field) -> None:
        """Send a message."""
        if self._kept is not None:
            self._kept += frame(*fields)
        elif not self._writer.is_closing():
            self._writer.write(frame(*fields))

    def say(self, said: Said, request: int = -1, **named: str) -> None:
        """Send an error, of a request or of the system."""
        number = -1 if said.of_the_system else request
        text = said.about(request=str(request), **named)
        self.send(4, 2, number, said.code, text, "")

    def _take(self, fields: list[str]) -> None:
        rest = Fields(fields[1:])
        number = int(fields[0] if fields else "")
        name, handler = self._handlers.get(number, (f"message {number}", self._unknown))
        asked = self._asked(name)
        try:
            handler(rest, asked)
        except ValueError as reason:
            asked.answer = "error 320"
            self.say(errors.unreadable(f"Unable to parse field: {reason}"), asked.number)

    def _asked(self, name: str) -> Asked:
        clock = self.gateway.clock
        client = -1 if self.client_id is None else self.client_id
        asked = Asked(name, -1, client, clock.now(), clock.seconds(), answer="")
        self.gateway.asked.append(asked)
        return asked

    def _unknown(self, _fields: Fields, asked: Asked) -> None:
        asked.answer = "error 320"
        self.say(errors.unreadable(f"No {asked.request} is known here."))

    def _read_only(self, fields: Fields, asked: Asked) -> None:
        asked.number, asked.answer = fields.number(), "error 321"
        self.say(Said(321, errors.READ_ONLY), asked.number)

    def _account_updates(self, fields: Fields, _asked: Asked) -> None:
        _version, subscribe = fields.number(), fields.flag()
        if subscribe:
            account, now = self.gateway.account, self.gateway.clock.now()
            self.send(6, 2, "AccountType", "INDIVIDUAL", "", account)
            self.send(8, 1, f"{now:%H:%M}")
            self.send(54, 1, account)

    def _start(self, fields: Fields, asked: Asked) -> None:
        _version, client_id = fields.number(), fields.number()
        asked.client_id = client_id
        refused = [one for one in self._rules(asked, "") if one.do == "client_id_in_use"]
        if refused or not self.gateway.register(client_id, self):
            asked.answer = "error 326"
            self.say(Said(326))
            self.close()
            return
        self.client_id = client_id
        self.send(15, 1, self.gateway.account)
        self.send(9, 1, 1)
        hmds = 2106 if self.gateway.has_history else 2105
        for code in (2104, hmds, 2158):
            self.say(Said(code))

    def _contract(self, fields: Fields, asked: Asked) -> None:
        _version, asked.number = fields.number(), fields.number()
        asked.contract = AskedContract.read(fields)
        self._later(asked, self._details)

    def _head(self, fields: Fields, asked: Asked) -> None:
        asked.number = fields.number()
        asked.contract = AskedContract.read(fields)
        _expired, asked.use_rth = fields.flag(), fields.flag()
        asked.what, asked.format_date = fields.text(), fields.number()
        self._later(asked, self._first_bar)

    def _historical(self, fields: Fields, asked: Asked) -> None:
        asked.number = fields.number()
        asked.contract = AskedContract.read(fields)
        _expired, asked.end = fields.flag(), fields.text()
        size, asked.duration = fields.text(), fields.text()
        asked.bar_size = SPELLED.get(size, size)
        asked.use_rth, asked.what = fields.flag(), fields.text()
        asked.format_date = fields.number()
        self._later(asked, self._bars, self.gateway.limit(asked))

    def _cancel(self, fields: Fields, asked: Asked) -> None:
        _version, asked.number = fields.number(), fields.number()
        cancelled, task = self._tasks.get(asked.number, (None, None))
        if cancelled is None or task is None or task.done():
            self.say(errors.NO_QUERY, asked.number)
            return
        cancelled.answer = "cancelled"
        task.cancel()
        self.say(errors.CANCELLED, asked.number)

    def _later(self, asked: Asked, answer: Answer, limit: Said | None = None) -> None:
        """Answer in a task of its own, so that one that waits stops no other."""
        asked.answer = "open"
        task = asyncio.create_task(self._answered(asked, answer, limit))
        self._tasks[asked.number] = (asked, task)
        task.add_done_callback(lambda _task: self._tasks.pop(asked.number, None))

    def _forget(self, answer: str) -> None:
        """Give up what is open."""
        for asked, task in list(self._tasks.values()):
            asked.answer = answer if asked.answer == "open" else asked.answer
            task.cancel()

    @property
    def open_history(self) -> int:
        """How many requests for bars are open."""
        return sum(asked.request == "historical" for asked, _task in self._tasks.values())

    def forget_waiting(self) -> None:
        """Give up what is open, and keep the connection: the data is lost."""
        self._forget("forgotten")

    async def _answered(self, asked: Asked, answer: Answer, limit: Said | None) -> None:
        gateway = self.gateway
        rules = self._rules(asked, self._symbol(asked))
        try:
            if limit:
                raise Refused(limit)
            for rule in rules:
                if rule.do in EVENTS:
                    gateway.happen(rule)
            slow = sum(rule.seconds for rule in rules if rule.do == "slow")
            await asyncio.sleep(gateway.clock.outside(slow))
            await gateway.reached(asked.request)
            for rule in rules:
                if rule.do in ANSWERS and await self._instead(asked, rule, answer, rules):
                    return
            answer(asked, rules)
        except Refused as refused:
            self._refuse(asked, refused.said)

    async def _instead(self, asked: Asked, rule: Rule, answer: Answer, rules: list[Rule]) -> bool:
        """What a rule does in place of an answer; whether it ended the request."""
        if rule.do == "silence":
            asked.answer = "silence"
            await asyncio.Event().wait()
        if rule.do == "disconnect":
            self._cut(asked, answer, rules)
            return True
        for said in rule.said:
            self._refuse(asked, said)
        # What is of the system alone ends no request.
        return any(not said.of_the_system for said in rule.said)

    def _cut(self, asked: Asked, answer: Answer, rules: list[Rule]) -> None:
        """Half of what the answer would be, and the end of the connection."""
        self._kept = whole = bytearray()
        try:
            answer(asked, rules)
        finally:
            self._kept = None
        asked.answer = "cut"
        self._writer.write(bytes(whole[: len(whole) // 2]))
        self.close()

    def _refuse(self, asked: Asked, said: Said) -> None:
        contract = asked.contract
        listing = self._listing(asked)
        if not said.of_the_system:
            asked.answer = f"error {said.code}"
        kind = contract.kind if contract else ""
        exchange = contract.exchange if contract else ""
        if said.text == errors.NO_PERMISSION.text and listing:
            exchange = listing.primary_exchange
        self.say(
            said,
            asked.number,
            symbol=self._symbol(asked),
            exchange=exchange,
            kind=kind or "STK",
            what={"TRADES": "Trades", "MIDPOINT": "Midpoint"}.get(asked.what, asked.what.title()),
        )

    def _details(self, asked: Asked, rules: list[Rule]) -> None:
        found = self._found(asked, rules)
        if not found:
            raise Refused(errors.UNKNOWN)
        asked.answer = f"{len(found)} contracts"
        for listing in found:
            self.send(*listing.details(asked.number, self.gateway.clock.now()))
        self.send(52, 1, asked.number)

    def _first_bar(self, asked: Asked, rules: list[Rule]) -> None:
        listing = self._one(asked, rules)
        head = self.gateway.bars.head(listing.symbol)
        if head is None:
            raise Refused(Said(162, f"{errors.HISTORICAL}No head time stamp"))
        moment = _opening(listing, head)
        text = f"{moment:%Y%m%d-%H:%M:%S}"
        asked.answer = "head"
        self.send(
            88, asked.number, str(int(moment.timestamp())) if asked.format_date == 2 else text
        )

    def _bars(self, asked: Asked, rules: list[Rule]) -> None:
        now = self.gateway.clock.now()
        query_of(asked, "UTC", now)
        listing = self._one(asked, rules)
        query = query_of(asked, listing.zone, now)
        bars = self.gateway.bars.select(listing, query, now)
        for rule in rules:
            if rule.do in ALTERS:
                bars = rule.altered(bars)
        if not bars:
            raise Refused(errors.NO_DATA)
        asked.answer = f"{len(bars)} bars"
        self.send(*history(asked.number, bars, listing, query, asked.format_date))

    def _rules(self, asked: Asked, symbol: str) -> list[Rule]:
        return self.gateway.script.about(asked, symbol)

    def _found(self, asked: Asked, rules: list[Rule]) -> list[Listing]:
        assert asked.contract is not None
        ambiguous = any(rule.do == "ambiguous" for rule in rules)
        return self.gateway.book.find(asked.contract, ambiguous=ambiguous)

    def _one(self, asked: Asked, rules: list[Rule]) -> Listing:
        found = self._found(asked, rules)
        if len(found) > 1:
            raise Refused(errors.AMBIGUOUS)
        if not found:
            raise Refused(errors.UNKNOWN)
        return found[0]

    def _listing(self, asked: Asked) -> Listing | None:
        """The contract that a request most likely means, with or without a twin."""
        if asked.contract is None:
            return None
        book = self.gateway.book
        found = book.find(asked.contract) or book.find(asked.contract, ambiguous=True)
        return found[0] if found else None

    def _symbol(self, asked: Asked) -> str:
        listing = self._listing(asked)
        return listing.symbol if listing else asked.symbol


def _second(fields: Fields) -> int:
    _version = fields.number()
    return fields.number()


def _opening(listing: Listing, head: date) -> datetime:
    if isinstance(head, datetime):
        return head.astimezone(UTC)
    return session_or_day(listing, head).opens
