"""Making the plan's trouble: processes killed and paused, Stripe failing, webhooks astray, days passing, buttons."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.buttons import Buttons
from tests.chaos.crowd import Crowd
from tests.chaos.dashboard import Dashboard
from tests.chaos.draws import (
    BanksSettle,
    Blow,
    ButtonPressed,
    DayPasses,
    ProductTrouble,
    StripeTrouble,
    Trouble,
    WebhookTrouble,
)
from tests.chaos.fleet import Fleet
from tests.chaos.plan import Plan
from tests.chaos.product import Product
from tests.plain_http import plain_client

A_DAY_LATER = {"advance_seconds": 25 * 3600, "under_way_seconds": 15}
"""Stripe forgets the keys, but those of requests that the client itself may be about to send again."""


@dataclass
class Troublemaker:
    """Carries out a plan's trouble at its moments, and counts what happened."""

    fleet: Fleet
    plan: Plan
    crowd: Crowd
    product: Product
    dashboard: Dashboard
    buttons: Buttons
    faults: int = 0
    days: int = 0
    settled: int = 0
    _standing: list[tuple[float, str]] = field(default_factory=list)
    _may_have_strays: bool = False
    """Whether a fault may stand whose name was lost with the answer."""

    async def run(self) -> None:
        """Make all the trouble, and end it: nothing paused, no fault in force, webhooks and endpoint as they should."""
        began = time.monotonic()
        end = began + self.plan.duration
        async with plain_client(base_url=self.fleet.stripe, timeout=3) as sandbox:
            async with asyncio.TaskGroup() as lasting:
                for trouble in self.plan.troubles:
                    await self._wait_until(began + trouble.at, sandbox)
                    if what := self._lasting(trouble, end):
                        lasting.create_task(what)
                    else:
                        await self._trouble_stripe(sandbox, trouble)
                await self._wait_until(end, sandbox)
            await self.fleet.all_answer()
            await self._clear(sandbox, everything=True)
            (await sandbox.delete("/_sandbox/faults")).raise_for_status()  # those of people at the dashboard as well
            (await sandbox.post("/_sandbox/webhooks", json={})).raise_for_status()
        self.product.behave()
        self.settled += await self.dashboard.settle()

    async def _wait_until(self, moment: float, sandbox: httpx.AsyncClient) -> None:
        """Wait, and take faults back meanwhile that have stood long enough."""
        while (left := moment - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.25))
            try:
                await self._clear(sandbox)
            except httpx.HTTPError:
                continue  # it is dead or paused just now, and so is the fault

    def _lasting(self, trouble: Trouble, end: float) -> Coroutine[Any, Any, None] | None:
        """Return what goes on beside the next trouble, if it does."""
        match trouble:
            case Blow():
                return self._strike(trouble, end)
            case ButtonPressed():
                return self._press(trouble)
            case ProductTrouble():
                self.product.behave(dict(trouble.manners), trouble.seconds)
                return self.product.be_dead(trouble.dead) if trouble.dead else None
            case BanksSettle():
                return self._settle()
            case _:
                return None

    async def _strike(self, blow: Blow, end: float) -> None:
        member = self.fleet.target(blow.part, blow.which)
        if member is None:
            return
        if blow.pause is None:
            await self.fleet.kill(member)
        else:
            await self.fleet.pause(member, max(0.2, min(blow.pause, end - time.monotonic())))

    async def _press(self, button: ButtonPressed) -> None:
        accounts = [each.account_id for each in self.crowd.lives if each.is_open and not each.has_ended]
        if accounts:
            await self.buttons.press(accounts[button.which % len(accounts)], button)

    async def _settle(self) -> None:
        self.settled += await self.dashboard.settle()

    async def _trouble_stripe(self, sandbox: httpx.AsyncClient, trouble: Trouble) -> None:
        """Tell the sandbox; if it is dead or paused just now, that is trouble enough."""
        try:
            match trouble:
                case StripeTrouble():
                    answer = await sandbox.post("/_sandbox/faults", json=trouble.fault)
                    until = time.monotonic() + trouble.stands
                    self._standing.append((until, str(answer.raise_for_status().json()["id"])))
                    self._standing.sort()
                case WebhookTrouble():
                    (await sandbox.post("/_sandbox/webhooks", json=trouble.behaviour)).raise_for_status()
                case DayPasses():
                    (await sandbox.post("/_sandbox/clock", json=A_DAY_LATER)).raise_for_status()
                    self.days += 1
        except httpx.HTTPError:
            self._may_have_strays = True

    async def _clear(self, sandbox: httpx.AsyncClient, *, everything: bool = False) -> None:
        """Take back the faults that have stood long enough, and count what they did."""
        if self._may_have_strays:
            known = {fault for _, fault in self._standing}
            for each in (await sandbox.get("/_sandbox/faults")).raise_for_status().json():
                if each["times"] is None and each["id"] not in known:  # it would stand until the end
                    await sandbox.delete(f"/_sandbox/faults/{each['id']}")
            self._may_have_strays = False
        while self._standing and (everything or time.monotonic() > self._standing[0][0]):
            _, fault = self._standing[0]
            answer = await sandbox.get(f"/_sandbox/faults/{fault}")
            if answer.is_success:
                self.faults += answer.json()["hits"]
            await sandbox.delete(f"/_sandbox/faults/{fault}")
            self._standing.pop(0)
