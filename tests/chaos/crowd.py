"""All accounts of a run: new ones come as old ones have lived, until time is up; then all come to rest."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.chaos.chapters import CHAPTERS
from tests.chaos.client import Json
from tests.chaos.lives import AccountLife, World, deadline_of
from tests.chaos.plan import Plan
from tests.chaos.product import Product

READING = timedelta(minutes=1)
"""How long it may take to read all evidence: an account that renews meanwhile has paid what nobody has read of."""


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

    def __init__(self, plan: Plan, world: World, product: Product) -> None:
        self._plan = plan
        self._world = world
        self._product = product
        self.lives: list[AccountLife] = []

    async def live(self) -> None:
        """Live until the plan's time is up, and every command that was sent has its answer."""
        end = asyncio.get_running_loop().time() + self._plan.duration
        async with asyncio.TaskGroup() as slots:
            for slot in range(self._plan.slots):
                slots.create_task(self._slot(slot, end))

    async def _slot(self, slot: int, end: float) -> None:
        await asyncio.sleep(slot * min(0.4, self._plan.duration / 6 / self._plan.slots))
        number = 0
        while asyncio.get_running_loop().time() < end:
            life = AccountLife(self._plan.life(slot, number), self._world)
            self.lives.append(life)
            await life.live(CHAPTERS, end)
            number += 1

    async def come_to_rest(self, lives: list[AccountLife]) -> Recovery:
        """Wait until these accounts have nothing left to do by themselves, and the product has heard of all they did.

        Args:
            lives: Accounts on which nothing is inflicted any more.
        """
        began, recovery = time.monotonic(), Recovery()
        waiting = list(lives)
        while waiting and time.monotonic() - began < self._plan.rests_within:
            still: list[AccountLife] = []
            for part in (waiting[n : n + 8] for n in range(0, len(waiting), 8)):
                rest = await asyncio.gather(*map(self._rests, part))
                still += [life for life, rests in zip(part, rest, strict=True) if not rests]
                took = time.monotonic() - began
                recovery.seconds += [took] * (len(part) - sum(not rests for rests in rest))
            waiting = still
            await asyncio.sleep(0.5)
        recovery.stuck = {each.account_id: await self._why_stuck(each) for each in waiting}
        return recovery

    async def _why_stuck(self, life: AccountLife) -> str:
        commands = self._world.callers.of(life.account_id)
        asked = [f"{each.key} ({each.verb}) has no answer" for each in commands if each.status is None]
        if untold := self._product.lacks(life.account_id, life.last_seen.get("sequence", 0)):
            asked.append(f"the product was never told of {untold}")
        return "; ".join([*asked, await self._world.clocks.what_is_pending(life.account_id)])

    async def _rests(self, life: AccountLife) -> bool:
        if life.has_ended and not life.is_open:
            return True
        now = await self._world.clocks.idle_at(life.account_id) if life.has_ended else None
        if life.has_ended and now is None:
            await self._world.clocks.announce_now(life.account_id)
        account = await self._world.callers.look(life.account_id) if now else None
        if account is None or now is None or not is_at_rest(account, now):
            return False
        life.last_seen, life.clock = account, now
        return not self._product.lacks(life.account_id, account["sequence"])


def is_at_rest(account: Json, now: datetime) -> bool:
    """Say whether an account has nothing under way, and nothing due by its own clock while the evidence is read."""
    deadline = deadline_of(account)
    return account["payment"]["status"] != "collecting" and (deadline is None or deadline > now + READING)
