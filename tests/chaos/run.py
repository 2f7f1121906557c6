"""One run from beginning to end: start, trouble, rest, evidence, findings."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from temporalio.client import Client

from reprise.local import servers
from reprise.workflows.messages import PaymentHint, workflow_id
from tests.chaos.buttons import Buttons
from tests.chaos.checker import Finding, Kind, findings
from tests.chaos.client import Callers, Json
from tests.chaos.clock import Clocks
from tests.chaos.crowd import Crowd, Recovery
from tests.chaos.dashboard import Dashboard
from tests.chaos.evidence import Books, Evidence, Figures, RequestCounter, read_books, read_histories, unseen
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.lives import AccountLife, World
from tests.chaos.plan import Plan
from tests.chaos.product import Product, product
from tests.chaos.report import Report
from tests.chaos.troubles import Troublemaker

Progress = Callable[[str], None]


async def run(
    plan: Plan, *, package: Path | None = None, data: Path | None = None, progress: Progress = lambda _: None
) -> Report:
    """Carry out a plan on a fresh system, and return what came of it.

    Args:
        plan: What is to be done and suffered.
        package: Where the package `reprise` is that is hurt; by default this one.
        data: An empty directory where databases and logs stay; by default nothing stays.
        progress: Is told how it goes.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-chaos-") as passing:
        directory = data or Path(passing)
        async with product(plan.seed) as endpoint, fleet(directory, endpoint, package) as system:
            temporal = await system.client()
            world = World(
                Callers(system.apis, system.environment["REPRISE_JWT_SECRET"]),
                Clocks(temporal),
                Dashboard(system.stripe, temporal),
            )
            crowd = Crowd(plan, world, endpoint)
            trouble = Troublemaker(system, plan, crowd, endpoint, world.dashboard, Buttons(temporal))
            one = _Run(plan, system, temporal, world, crowd, endpoint, trouble, RequestCounter(system.stripe), progress)
            try:
                return await one.report()
            finally:
                await world.callers.close()
                await world.dashboard.close()


@dataclass
class _Run:
    """What takes part in one run."""

    plan: Plan
    system: Fleet
    temporal: Client
    world: World
    crowd: Crowd
    endpoint: Product
    trouble: Troublemaker
    requests: RequestCounter
    progress: Progress

    async def report(self) -> Report:
        telling = asyncio.create_task(self._tell())
        living = asyncio.create_task(self.crowd.live())
        try:
            await self.trouble.run()
            self.progress("the trouble is over; waiting for all to come to rest")
            resting = asyncio.create_task(self.crowd.come_to_rest(self.crowd.lives))
            await asyncio.wait((resting, living), return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()  # a mistake in a life is one of the harness
            recovery = await resting
            telling.cancel()
            self.progress("all is quiet; reading Stripe's side and every timeline")
            evidence, books = await self._evidence(recovery)
        finally:
            telling.cancel()
            living.cancel()
            await asyncio.gather(telling, living, return_exceptions=True)
        return self._report(recovery, evidence, books)

    # ------------------------------------------------------------------ evidence

    async def _evidence(self, recovery: Recovery) -> tuple[list[Evidence], Mapping[str, Books]]:
        """Read everything; where Stripe knows more than an account, let it look, as a webhook would, and read again."""
        quiet = [each for each in self.crowd.lives if each.is_open and each.account_id not in recovery.stuck]
        books, evidence = await self._read(quiet)
        behind = {each.account_id: list(unseen(each)) for each in evidence}
        if not any(behind.values()):
            return evidence, books
        self.progress(f"{sum(map(bool, behind.values()))} accounts lack what no webhook told them; letting them look")
        for account_id, lacking in behind.items():
            for payment_key, refund_id in lacking:
                hint = PaymentHint(payment_key=payment_key, refund_id=refund_id)
                await self.trouble.buttons.look_again(account_id, hint)
        again = [each for each in quiet if behind[each.account_id]]
        looked = await self.crowd.come_to_rest(again)
        recovery.stuck |= looked.stuck
        books, evidence = await self._read([each for each in quiet if each.account_id not in recovery.stuck])
        return evidence, books

    async def _read(self, lives: list[AccountLife]) -> tuple[Mapping[str, Books], list[Evidence]]:
        books = await read_books(self.system.stripe, servers.SANDBOX_KEY)
        events = await read_histories(self.temporal)
        await self.requests.read()
        turn = asyncio.Semaphore(16)

        async def one(life: AccountLife) -> Evidence:
            async with turn:
                return await self._evidence_of(life, books, events)

        return books, await asyncio.gather(*map(one, lives))

    async def _evidence_of(self, life: AccountLife, books: Mapping[str, Books], events: Counter[str]) -> Evidence:
        account_id = life.account_id
        of = books.get(account_id, Books())
        heard = self.endpoint.heard[account_id]
        kept = await life.timeline()
        older = {each.sequence: each.entry for each in heard if kept and each.sequence < kept[0]["sequence"]}
        lines = [_in_full(older[number], kept[-1]) for number in sorted(older)]
        return Evidence(
            account_id=account_id,
            account=await life.look(),
            timeline=[*lines, *kept],
            commands=self.world.callers.of(account_id),
            books=of,
            before_closing=life.before_closing,
            heard=heard,
            told=frozenset(self.endpoint.told[account_id]),
            pressed=self.trouble.buttons.pressed[account_id],
            figures=Figures(
                requests=sum(self.requests.by_customer[each] for each in of.customer_ids),
                events=events[workflow_id(account_id)],
                busiest=max((self.requests.busiest.get(each, 0) for each in of.customer_ids), default=0),
                saved_failures={
                    each["metadata"]["payment_key"]: self.requests.saved_failures[each["metadata"]["payment_key"]]
                    for each in of.invoices
                },
            ),
            clock=life.clock,
            leaps=self.world.clocks.leaps[account_id],
        )

    # ------------------------------------------------------------------ telling

    def _report(self, recovery: Recovery, evidence: list[Evidence], books: Mapping[str, Books]) -> Report:
        callers, trouble = self.world.callers, self.trouble
        found = [Finding(Kind.STUCK, each, f"has not come to rest: {why}") for each, why in recovery.stuck.items()]
        refused = [callers.of(each.account_id)[0] for each in self.crowd.lives if each.has_ended and not each.is_open]
        found += [Finding(Kind.LOST_COMMAND, each.account_id, f"was not opened: {each.code}") for each in refused]
        found += [finding for each in evidence for finding in findings(each)]
        commands = callers.commands
        charges = [charge for each in books.values() for charge in each.charges]
        return Report(
            seed=self.plan.seed,
            plan=self.plan.digest,
            duration=self.plan.duration,
            accounts=len(self.crowd.lives),
            commands=len(commands),
            requests=sum(each.tries for each in commands),
            unavailable=sum(each.unavailable for each in commands),
            broken=sum(each.broken for each in commands),
            kills={str(part): count for part, count in self.system.kills.items()},
            pauses=self.system.pauses,
            died=self.system.deaths,
            faults=trouble.faults,
            days=trouble.days,
            by_hand=Counter(what for what, _ in self.world.dashboard.done),
            settled=trouble.settled,
            buttons=trouble.buttons.count,
            deliveries=self.endpoint.deliveries,
            spoilt=self.endpoint.spoilt,
            asked_of_stripe=self.requests.total,
            payments=sum(charge["paid"] for charge in charges),
            declines=sum(charge["status"] == "failed" for charge in charges),
            renewals=sum(
                bool(entry["type"] == "account.renewed" and entry["payment_key"])
                for each in evidence
                for entry in each.timeline
            ),
            recovery=recovery,
            findings=found,
            evidence=evidence,
        )

    async def _tell(self) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(10)
            with contextlib.suppress(httpx.HTTPError):
                await self.requests.read()
            commands = self.world.callers.commands
            answered = sum(each.status is not None for each in commands)
            self.progress(
                f"{time.monotonic() - began:4.0f} s: {len(self.crowd.lives)} accounts, {answered} of {len(commands)}"
                f" commands answered, {sum(self.system.kills.values())} kills, {self.system.pauses} pauses,"
                f" {self.trouble.faults} faults, {self.endpoint.deliveries} announcements"
            )


def _in_full(heard: Json, like: Json) -> Json:
    """Return an entry as the timeline would show it, from what the product heard of it: what is empty is not told."""
    return {**dict.fromkeys(like), **heard, "actor": {"id": None, **heard["actor"]}}
