"""All accounts of a run: new ones come as old ones have lived, until time is up; then all come to rest."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.client import Callers, Json
from tests.chaos.clock import Clocks
from tests.chaos.lives import AccountLife, deadline_of
from tests.chaos.plan import SLOTS, Plan

RESTS_WITHIN = 420.0
"""Seconds that an account gets to come to rest once all trouble is over: the longest pause between two tries of an
act is five minutes, and a try takes a minute at most."""


@dataclass
class Recovery:
    """How long after the trouble was over each account, and each command to it, was found finished."""

    seconds: list[float] = field(default_factory=list)
    stuck: dict[str, str] = field(default_factory=dict)
    """What is known of the accounts that did not come to rest."""

    def __str__(self) -> str:
        if not self.seconds:
            return "nobody has recovered"
        mean, longest = statistics.fmean(self.seconds), max(self.seconds)
        return f"mean {mean:.1f} s, longest {longest:.1f} s after the last fault"


class Crowd:
    """Everybody."""

    def __init__(self, plan: Plan, callers: Callers, clocks: Clocks) -> None:
        self._plan = plan
        self._callers = callers
        self._clocks = clocks
        self.lives: list[AccountLife] = []

    async def live(self) -> None:
        """Live until the plan's time is up, and every command that was sent has its answer."""
        end = asyncio.get_running_loop().time() + self._plan.duration
        async with asyncio.TaskGroup() as slots:
            for slot in range(SLOTS):
                slots.create_task(self._slot(slot, end))

    async def _slot(self, slot: int, end: float) -> None:
        await asyncio.sleep(slot * min(0.4, self._plan.duration / 6 / SLOTS))
        number = 0
        while asyncio.get_running_loop().time() < end:
            life = AccountLife(self._plan.life(slot, number), self._callers, self._clocks)
            self.lives.append(life)
            await life.live(end)
            number += 1

    async def come_to_rest(self, living: asyncio.Task[None]) -> Recovery:
        """Wait, from when the trouble is over, until no account has anything left to do by itself.

        Args:
            living: The task that `live` runs in. It has ended when this returns, unless an account is stuck.
        """
        began, recovery = time.monotonic(), Recovery()
        waiting = list(self.lives)
        while waiting and time.monotonic() - began < RESTS_WITHIN:
            still: list[AccountLife] = []
            for part in (waiting[n : n + 8] for n in range(0, len(waiting), 8)):
                rest = await asyncio.gather(*map(self._rests, part))
                still += [life for life, rests in zip(part, rest, strict=True) if not rests]
                took = time.monotonic() - began
                recovery.seconds += [took] * (len(part) - sum(not rests for rests in rest))
            waiting = still
            await asyncio.sleep(0.5)
        recovery.stuck = {each.account_id: await self._why_stuck(each) for each in waiting}
        if not waiting:
            await living
        return recovery

    async def _why_stuck(self, life: AccountLife) -> str:
        commands = self._callers.of(life.account_id)
        asked = [f"{each.key} ({each.verb}) has no answer" for each in commands if each.status is None]
        return "; ".join([*asked, await self._clocks.what_is_pending(life.account_id)])

    async def _rests(self, life: AccountLife) -> bool:
        if life.has_ended and not life.is_open:
            return True
        now = await self._clocks.idle_at(life.account_id) if life.has_ended else None
        account = await self._callers.look(life.account_id) if now else None
        return account is not None and now is not None and is_at_rest(account, now)


def is_at_rest(account: Json, now: datetime) -> bool:
    """Say whether an account has nothing under way and nothing overdue by its own clock."""
    deadline = deadline_of(account)
    return account["payment"]["status"] != "collecting" and (deadline is None or deadline > now)
