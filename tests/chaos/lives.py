"""One account's life: the steps that its people take, and time that passes for it. Chapters are in `chapters.py`."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.chaos.client import Callers, Json, Sent
from tests.chaos.clock import Clocks
from tests.chaos.dashboard import Dashboard
from tests.chaos.scripts import Life

SETTLES_WITHIN = 20.0
"""Seconds that a life waits for the account to act on a deadline, before it goes on whatever has become of it."""

THINKS = 2.0
"""Seconds on average between two steps of a person."""

NO_CARTS = 4
"""Which of an account's cart changes is to none at all: it renews for nothing (R5)."""

FEW = 100
"""So many carts are the fewest that any account is given, if it has any: enough for Stripe to charge at any price."""


@dataclass(frozen=True)
class World:
    """What an account's people have to do with."""

    callers: Callers
    clocks: Clocks
    dashboard: Dashboard


Chapter = Callable[["AccountLife"], Awaitable[None]]


class AccountLife:
    """One account from its opening to the end of its script.

    Every step is taken whatever state the account is in: in the midst of trouble, a script can be out of step with
    its account. Then its commands are refused, which is an answer like another.
    """

    def __init__(self, life: Life, world: World) -> None:
        self.account_id = life.account_id
        self.script = life
        self.world = world
        self.rng = random.Random(life.account_id)  # noqa: S311 - to be the same again for the same seed
        self._carts = 0
        self._until = float("inf")
        self.is_open = False
        """Whether its opening was taken: before, and when it was refused, there is nothing to see of it."""
        self.has_left = False
        """Whether its people do nothing more with it: no further chapter follows."""
        self.has_ended = False
        self.last_seen: Json = {}
        self.clock: datetime | None = None
        """Its own time when it was found at rest."""
        self.before_closing: list[Json] | None = None
        """The timeline as it was before closing took the names out of it (R13)."""

    async def live(self, chapters: dict[str, Chapter], until: float) -> None:
        """Live the script; after `until`, by the event loop's clock, end it without waiting for anything more."""
        self._until = until
        opening = await self.do("open", _opening(self.script.opening))
        self.is_open = opening.accepted
        for chapter, seed in self.script.chapters:
            if self.time_is_up or self.has_left or not self.is_open:
                break
            self.rng = random.Random(seed)  # noqa: S311 - to be the same again for the same seed
            await chapters[chapter](self)
        self.has_ended = True

    @property
    def time_is_up(self) -> bool:
        """Whether the run is over: nothing more is waited for."""
        return asyncio.get_running_loop().time() >= self._until

    # ------------------------------------------------------------------ commands

    async def do(self, verb: str, body: Json | None = None) -> Sent:
        """Send a command, and think about what it came to."""
        sent = await self.world.callers.command(self.rng, self.account_id, verb, body)
        self.last_seen = sent.account or self.last_seen
        await self.think()
        return sent

    async def think(self) -> None:
        """Take a moment."""
        if not self.time_is_up:
            await asyncio.sleep(self.rng.expovariate(1 / THINKS))

    async def card(self, card: str) -> None:
        """Give the account another payment method."""
        await self.do("payment-method", {"payment_method": card})

    def carts_change(self) -> Json:
        """A number of carts that this account never had: so each change can be told from every other."""
        self._carts += 1
        debts = self.script.opening.get("policy", {}).get("debt") == "collect"
        # An invoice of debt alone does not tell when it was asked for.
        return {"carts": 0 if self._carts == NO_CARTS and not debts else FEW + self._carts}

    async def set_carts(self) -> None:
        """Change the carts (R11)."""
        await self.do("carts", self.carts_change())

    async def old_commands_again(self) -> None:
        """R14: what was answered long ago comes again, and gets its first answer."""
        mine = [each for each in self.world.callers.of(self.account_id) if each.status]
        for sent in self.rng.sample(mine, min(4, len(mine))):
            await self.world.callers.again(self.rng, sent)

    async def at_once(self, commands: list[tuple[str, Json]], within: float) -> None:
        """Send commands within some seconds, whatever becomes of each."""

        async def one(verb: str, body: Json) -> Sent:
            await asyncio.sleep(self.rng.uniform(0, within))
            return await self.do(verb, body)

        await asyncio.gather(*(one(verb, body) for verb, body in commands))

    # ------------------------------------------------------------------ looking

    async def look(self) -> Json:
        """See how the account stands, as soon as somebody answers."""
        self.last_seen = await self._answer("")
        return self.last_seen

    async def timeline(self) -> list[Json]:
        """Return the whole timeline, oldest first."""
        return list(reversed((await self._answer("/timeline?limit=100"))["timeline"]))

    async def invoices(self) -> list[Json]:
        """Return the newest invoices, as the account's page shows them."""
        return list((await self._answer("/invoices"))["invoices"])

    async def _answer(self, path: str) -> Json:
        while (seen := await self.world.callers.look(self.account_id, path, patience=10)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        return seen

    @property
    def invoice(self) -> str | None:
        """The invoice of the latest payment, as last seen."""
        found: str | None = self.last_seen.get("payment", {}).get("invoice_id")
        return found

    @property
    def state(self) -> str | None:
        """The account's state, as last seen."""
        return self.last_seen.get("state")

    @property
    def payment_status(self) -> str | None:
        """Where the latest payment stands, as last seen."""
        found: str | None = self.last_seen.get("payment", {}).get("status")
        return found

    async def customer(self) -> str | None:
        """The account's customer at Stripe."""
        return await self.world.dashboard.customer_of(self.account_id)

    # ------------------------------------------------------------------ time

    async def wait_for_deadline(self) -> None:
        """Let time pass to the account's next deadline, and see what it does."""
        before = await self.look()
        deadline = deadline_of(before)
        if deadline is None or self.time_is_up:
            return
        await self.world.clocks.move(self.account_id, deadline)
        give_up_at, pause = asyncio.get_running_loop().time() + SETTLES_WITHIN, 2.5
        while asyncio.get_running_loop().time() < give_up_at and not self.time_is_up:
            await asyncio.sleep(pause)
            pause *= 1.4
            now = await self.world.callers.look(self.account_id)
            if now and now["payment"]["status"] != "collecting" and _has_moved(before, now):
                self.last_seen = now
                return

    async def days_pass(self, days: float) -> None:
        """Let days pass on the account's clock, unless it acts by itself within them, or an attempt is under way.

        No attempt takes days: an account whose clock leaps over one would be in service for them, and owe nobody why.
        """
        now = await self.world.clocks.now(self.account_id)
        seen = await self.look()
        if now is None or self.time_is_up or seen["payment"]["status"] == "collecting":
            return
        deadline = deadline_of(seen)
        if deadline is None or deadline > now + timedelta(days=days):
            await self.world.clocks.move(self.account_id, now + timedelta(days=days))

    async def days_pass_whatever_happens(self, days: float) -> None:
        """Let days pass on the account's clock, act as it may."""
        now = await self.world.clocks.now(self.account_id)
        if now is not None and not self.time_is_up:
            await self.world.clocks.move(self.account_id, now + timedelta(days=days))
        await self.look()


def _opening(opening: Json) -> Json:
    """Return what is sent: the plan knows no clock, and says in days until when an account is paid elsewhere."""
    body = dict(opening)
    if (days := body.pop("paid_through_days", None)) is not None:
        paid_through = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        body["paid_through"] = paid_through.isoformat()
    return body


def _has_moved(before: Json, now: Json) -> bool:
    return bool(now["sequence"] > before["sequence"] or deadline_of(now) != deadline_of(before))


def deadline_of(account: Json) -> datetime | None:
    """Return when an account next acts by itself."""
    coming = account["next"]
    return datetime.fromisoformat(coming["at"]) if coming else None
