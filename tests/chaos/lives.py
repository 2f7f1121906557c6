"""The lives of accounts: what their people do, chapter by chapter, and what the calendar does to them meanwhile."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.client import Callers, Json, Sent
from tests.chaos.clock import Clocks
from tests.chaos.plan import AUTHENTICATES, DECLINES, GOOD, Life

SETTLES_WITHIN = 20.0
"""Seconds that a life waits for the account to act on a deadline, before it goes on whatever has become of it."""

THINKS = 2.0
"""Seconds on average between two steps of a person."""

NO_CARTS = 4
"""Which of an account's cart changes is to none at all: it renews for nothing (R5)."""

Chapter = Callable[["AccountLife"], Awaitable[None]]


class AccountLife:
    """One account from its opening to the end of its script.

    Every step is taken whatever state the account is in: in the midst of trouble, a script can be out of step with
    its account. Then its commands are refused, which is an answer like another.
    """

    def __init__(self, life: Life, callers: Callers, clocks: Clocks) -> None:
        self.account_id = life.account_id
        self._life = life
        self._callers = callers
        self._clocks = clocks
        self._rng = random.Random(life.account_id)  # noqa: S311 - to be the same again for the same seed
        self._carts = 0
        self._until = float("inf")
        self.is_open = False
        """Whether its opening was taken: before, and when it was refused, there is nothing to see of it."""
        self.has_ended = False
        self.last_seen: Json = {}
        self.before_closing: list[Json] | None = None
        """The timeline as it was before closing took the names out of it (R13)."""

    async def live(self, until: float) -> None:
        """Live the script; after `until`, by the event loop's clock, end it without waiting for anything more."""
        self._until = until
        opening = await self.do("open", _opening(self._life.opening))
        self.is_open = opening.accepted
        for chapter, seed in self._life.chapters:
            if self._time_is_up or not self.is_open:
                break
            self._rng = random.Random(seed)  # noqa: S311 - to be the same again for the same seed
            await CHAPTERS[chapter](self)
        self.has_ended = True

    @property
    def _time_is_up(self) -> bool:
        return asyncio.get_running_loop().time() >= self._until

    # ------------------------------------------------------------------ steps

    async def do(self, verb: str, body: Json | None = None) -> Sent:
        """Send a command, and think about what it came to."""
        sent = await self._callers.command(self._rng, self.account_id, verb, body)
        self.last_seen = sent.account or self.last_seen
        await self._think()
        return sent

    async def _think(self) -> None:
        if not self._time_is_up:
            await asyncio.sleep(self._rng.expovariate(1 / THINKS))

    async def card(self, card: str) -> None:
        await self.do("payment-method", {"payment_method": card})

    def carts_change(self) -> Json:
        """A number of carts that this account never had: so each change can be told from every other."""
        self._carts += 1
        collects_debt = "policy" in self._life.opening  # an invoice of debt alone does not tell when it was asked for
        return {"carts": 0 if self._carts == NO_CARTS and not collects_debt else self._carts}

    async def set_carts(self) -> None:
        await self.do("carts", self.carts_change())

    async def look(self) -> Json:
        """See how the account stands, as soon as somebody answers."""
        self.last_seen = await self._answer("")
        return self.last_seen

    async def _answer(self, path: str) -> Json:
        while (seen := await self._callers.look(self.account_id, path, patience=10)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        return seen

    async def wait_for_deadline(self) -> None:
        """Let time pass to the account's next deadline, and see what it does."""
        before = await self.look()
        deadline = deadline_of(before)
        if deadline is None or self._time_is_up:
            return
        await self._clocks.move(self.account_id, deadline)
        give_up_at, pause = asyncio.get_running_loop().time() + SETTLES_WITHIN, 2.5
        while asyncio.get_running_loop().time() < give_up_at and not self._time_is_up:
            await asyncio.sleep(pause)
            pause *= 1.4
            now = await self._callers.look(self.account_id)
            if now and now["payment"]["status"] != "collecting" and _has_moved(before, now):
                self.last_seen = now
                return

    async def days_pass(self, days: float) -> None:
        """Let days pass on the account's clock, unless it acts by itself within them."""
        now = await self._clocks.now(self.account_id)
        deadline = deadline_of(await self.look())
        if now is not None and not self._time_is_up and (deadline is None or deadline > now + timedelta(days=days)):
            await self._clocks.move(self.account_id, now + timedelta(days=days))

    # ------------------------------------------------------------------ chapters

    async def renew(self) -> None:
        """R5: terms end, renewals are collected; now and then with other carts, set before or meanwhile."""
        if self._rng.random() < 0.3:
            await self.set_carts()
        for _ in range(self._rng.randint(6, 11)):
            if self._rng.random() < 0.1:
                await asyncio.gather(self.wait_for_deadline(), self.set_carts())
            else:
                await self.wait_for_deadline()

    async def change_mind(self) -> None:
        """R4: cancelled, and taken back within the term; sometimes both at once."""
        if self._rng.random() < 0.3:
            await asyncio.gather(self.do("cancel"), self.do("reactivate"))
        else:
            await self.do("cancel")
            await self.do("reactivate")

    async def lapse_and_return(self) -> None:
        """R3, R5, R6: cancelled, run out, and back for the upfront payment; two people may press the button."""
        await self.do("cancel", {"when": "term_end"})
        await self.wait_for_deadline()
        await self.days_pass(self._rng.uniform(0.5, 40))
        await self.set_carts()
        body = await self._quoted() if self._rng.random() < 0.4 else {}
        if self._rng.random() < 0.3:
            await asyncio.gather(self.do("reactivate", body), self.do("reactivate", body), self.set_carts())
        else:
            await self.do("reactivate", body)

    async def _quoted(self) -> Json:
        quote = await self._callers.look(self.account_id, "/reactivation-quote")
        return {"expected_amount": quote["amount_due"]} if quote else {}

    async def leave_now_and_return(self) -> None:
        """R3, R6: out at once, and back within the term for nothing."""
        await self.do("cancel", {"when": "now", "reason": "too dear"})
        await self.days_pass(self._rng.uniform(0.1, 3))
        await self.do("reactivate")

    async def _fall_due(self) -> None:
        await self.card(self._rng.choice((DECLINES, AUTHENTICATES)))
        await self.wait_for_deadline()
        for _ in range(self._rng.randrange(3)):
            await self.wait_for_deadline()

    async def past_due_and_mended(self) -> None:
        """R9: the renewal fails, and is paid at once with another card, or at the next retry."""
        await self._fall_due()
        await self.card(GOOD)
        await self.wait_for_deadline()

    async def past_due_and_given_up(self) -> None:
        """R9, R12: all retries fail; out of service; back with a bad card, then with a good one."""
        await self._fall_due()
        for _ in range(4):
            if self.last_seen.get("state") == "past_due":
                await self.wait_for_deadline()
        await self.do("reactivate")
        await self.card(GOOD)
        await self.do("reactivate")

    async def past_due_and_cancelled(self) -> None:
        """R3: the renewal fails, and the owner leaves: nothing stays open."""
        await self._fall_due()
        await self.do("cancel")
        await self.card(GOOD)
        await self.do("reactivate")

    async def authenticate(self) -> None:
        """R10: the payer must act; does so, or calls it off, or changes the card, or lets the time run out."""
        await self.do("cancel", {"when": "term_end"})
        await self.wait_for_deadline()
        await self.card(AUTHENTICATES)
        await self.do("reactivate")
        ending = self._rng.choice((self._authenticate_by_hand, self._call_off, self._use_another, self._let_expire))
        await ending()
        await self.card(GOOD)
        await self.do("reactivate")

    async def _authenticate_by_hand(self) -> None:
        url = (await self.look())["payment"]["action_url"]
        if url:
            await self._callers.visit("POST", url, data={"card": GOOD})
        await self.wait_for_deadline()  # if no webhook comes, the account looks by itself

    async def _call_off(self) -> None:
        await self.do("cancel")

    async def _use_another(self) -> None:
        await self.card(self._rng.choice((GOOD, DECLINES)))

    async def _let_expire(self) -> None:
        for _ in range(5):
            await self.wait_for_deadline()

    async def operator(self) -> None:
        """R13: an operator steps in."""
        unit = 103 + 10 * len(self._callers.of(self.account_id))  # one that it never had: else nothing would change
        currency = self._life.opening["plan"]["currency"]
        await self.do("plan", {"plan": {"currency": currency, "unit_amount": unit}})
        if self._rng.random() < 0.5:
            await self.do("extend", {"days": self._rng.randint(1, 20)})
        await self.do("disable", {"reason": "a check"})
        await self.do("reactivate")
        await self.do("enable")

    async def carts_at_once(self) -> None:
        """R11, R14: several people set the carts at the same moment."""
        changes = [self.carts_change() for _ in range(5)]
        await asyncio.gather(*(self.do("carts", each) for each in changes))

    async def old_commands_again(self) -> None:
        """R14: what was answered long ago comes again, and gets its first answer."""
        mine = [each for each in self._callers.of(self.account_id) if each.status]
        for sent in self._rng.sample(mine, min(4, len(mine))):
            await self._callers.again(self._rng, sent)

    async def renewal_storm(self) -> None:
        """Eight cart changes at the moment of the renewal, and so of the continue-as-new."""
        deadline = deadline_of(await self.look())
        if deadline is None or self._time_is_up:
            return
        await self._clocks.move(self.account_id, deadline)
        await self._at_once([("carts", self.carts_change()) for _ in range(8)], within=2.5)
        await self.old_commands_again()

    async def close_in_a_storm(self) -> None:
        """R13: closed, beside eight cart changes at once."""
        self.before_closing = await self.timeline()
        await self._at_once([("close", {}), *(("carts", self.carts_change()) for _ in range(8))], within=0.1)

    async def _at_once(self, commands: list[tuple[str, Json]], within: float) -> None:
        async def one(verb: str, body: Json) -> Any:
            await asyncio.sleep(self._rng.uniform(0, within))
            return await self.do(verb, body)

        await asyncio.gather(*(one(verb, body) for verb, body in commands))

    async def timeline(self) -> list[Json]:
        """Return the whole timeline, oldest first."""
        return list(reversed((await self._answer("/timeline?limit=100"))["timeline"]))


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
    at = account["payment"]["next_attempt_at"]
    if at is None and account["in_service"] and account["term"]:
        at = account["term"]["end"]
    return datetime.fromisoformat(at) if at else None


CHAPTERS: dict[str, Chapter] = {
    each.__name__: each
    for each in (
        AccountLife.renew,
        AccountLife.change_mind,
        AccountLife.lapse_and_return,
        AccountLife.leave_now_and_return,
        AccountLife.past_due_and_mended,
        AccountLife.past_due_and_given_up,
        AccountLife.past_due_and_cancelled,
        AccountLife.authenticate,
        AccountLife.operator,
        AccountLife.carts_at_once,
        AccountLife.old_commands_again,
        AccountLife.renewal_storm,
        AccountLife.close_in_a_storm,
    )
}
