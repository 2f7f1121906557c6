"""Making the plan's trouble: processes killed and paused, Stripe failing, webhooks astray, days passing."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx

from tests.chaos.fleet import Fleet
from tests.chaos.plan import Blow, DayPasses, Plan, StripeTrouble, Trouble, WebhookTrouble

FAULT_STANDS = 4.0
"""Seconds that a fault waits for requests to meet it."""

A_DAY_LATER = {"advance_seconds": 25 * 3600, "under_way_seconds": 15}
"""Stripe forgets the keys, but those of requests that the client itself may be about to send again."""


@dataclass
class Troublemaker:
    """Carries out a plan's trouble on a fleet, at its moments, and counts what happened."""

    fleet: Fleet
    plan: Plan
    faults: int = 0
    days: int = 0
    _standing: list[tuple[float, str]] = field(default_factory=list)

    async def run(self) -> None:
        """Make all the trouble, and end it: nothing paused, no fault in force, webhooks as they should be."""
        began = time.monotonic()
        async with httpx.AsyncClient(base_url=self.fleet.stripe, timeout=3, trust_env=False) as sandbox:
            async with asyncio.TaskGroup() as blows:
                for trouble in self.plan.troubles:
                    await asyncio.sleep(max(0.0, trouble.at - (time.monotonic() - began)))
                    if isinstance(trouble, Blow):
                        blows.create_task(self._strike(trouble, began + self.plan.duration))
                    else:
                        await self._trouble_stripe(sandbox, trouble)
                await asyncio.sleep(max(0.0, self.plan.duration - (time.monotonic() - began)))
            await self.fleet.all_answer()
            await self._clear(sandbox, everything=True)
            (await sandbox.post("/_sandbox/webhooks", json={})).raise_for_status()

    async def _strike(self, blow: Blow, end: float) -> None:
        member = self.fleet.target(blow.part, blow.which)
        if member is None:
            return
        if blow.pause is None:
            await self.fleet.kill(member)
        else:
            await self.fleet.pause(member, max(0.2, min(blow.pause, end - time.monotonic())))

    async def _trouble_stripe(self, sandbox: httpx.AsyncClient, trouble: Trouble) -> None:
        """Tell the sandbox; if it is dead or paused just now, that is trouble enough."""
        try:
            match trouble:
                case StripeTrouble():
                    answer = await sandbox.post("/_sandbox/faults", json=trouble.fault)
                    self._standing.append((time.monotonic(), str(answer.raise_for_status().json()["id"])))
                    await self._clear(sandbox)
                case WebhookTrouble():
                    (await sandbox.post("/_sandbox/webhooks", json=trouble.behaviour)).raise_for_status()
                case DayPasses():
                    (await sandbox.post("/_sandbox/clock", json=A_DAY_LATER)).raise_for_status()
                    self.days += 1
        except httpx.HTTPError:
            pass

    async def _clear(self, sandbox: httpx.AsyncClient, *, everything: bool = False) -> None:
        """Take back the faults that have stood long enough, and count what they did."""
        while self._standing and (everything or time.monotonic() - self._standing[0][0] > FAULT_STANDS):
            _, fault = self._standing[0]
            answer = await sandbox.get(f"/_sandbox/faults/{fault}")
            if answer.is_success:
                self.faults += answer.json()["hits"]
            await sandbox.delete(f"/_sandbox/faults/{fault}")
            self._standing.pop(0)
