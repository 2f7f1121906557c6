"""One run from beginning to end: start, trouble, rest, evidence, findings."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from reprise.local import servers
from tests.chaos.checker import Finding, Kind, findings
from tests.chaos.client import Callers
from tests.chaos.clock import Clocks
from tests.chaos.crowd import Crowd
from tests.chaos.evidence import Books, Evidence, read_books
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.lives import AccountLife
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.troubles import Troublemaker

Progress = Callable[[str], None]


async def run(plan: Plan, *, package: Path | None = None, progress: Progress = lambda _: None) -> Report:
    """Carry out a plan on a fresh system, and return what came of it.

    Args:
        plan: What is to be done and suffered.
        package: Where the package `reprise` is that is hurt; by default this one.
        progress: Is told how it goes.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-chaos-") as directory:
        async with fleet(Path(directory), package) as system:
            callers = Callers(system.apis, system.environment["REPRISE_JWT_SECRET"])
            crowd = Crowd(plan, callers, Clocks(await system.client()))
            trouble = Troublemaker(system, plan)
            telling = asyncio.create_task(_tell(progress, crowd, callers, system, trouble))
            living = asyncio.create_task(crowd.live())
            try:
                await trouble.run()
                progress("the trouble is over; waiting for all to come to rest")
                recovery = await crowd.come_to_rest(living)
                telling.cancel()
                progress("all is quiet; reading Stripe's side and every timeline")
                books = await read_books(system.stripe, servers.SANDBOX_KEY)
                at_rest = [each for each in crowd.lives if each.is_open and each.account_id not in recovery.stuck]
                evidence = await asyncio.gather(*(_evidence_of(each, callers, books) for each in at_rest))
            finally:
                telling.cancel()
                living.cancel()
                await asyncio.gather(telling, living, return_exceptions=True)
                await callers.close()
    found = [Finding(Kind.STUCK, each, f"has not come to rest: {why}") for each, why in recovery.stuck.items()]
    refused = [callers.of(each.account_id)[0] for each in crowd.lives if each.has_ended and not each.is_open]
    found += [Finding(Kind.LOST_COMMAND, each.account_id, f"was not opened: {each.code}") for each in refused]
    found += [finding for each in evidence for finding in findings(each)]
    commands = callers.commands
    charges = [charge for each in books.values() for charge in each.charges]
    return Report(
        seed=plan.seed,
        plan=plan.digest,
        duration=plan.duration,
        accounts=len(crowd.lives),
        commands=len(commands),
        requests=sum(each.tries for each in commands),
        unavailable=sum(each.unavailable for each in commands),
        kills={str(part): count for part, count in system.kills.items()},
        pauses=system.pauses,
        died=system.deaths,
        faults=trouble.faults,
        days=trouble.days,
        payments=sum(charge["paid"] for charge in charges),
        declines=sum(not charge["paid"] for charge in charges),
        renewals=sum(
            bool(entry["type"] == "account.renewed" and entry["payment_key"])
            for each in evidence
            for entry in each.timeline
        ),
        recovery=recovery,
        findings=found,
        evidence=evidence,
    )


async def _evidence_of(life: AccountLife, callers: Callers, books: Mapping[str, Books]) -> Evidence:
    return Evidence(
        account_id=life.account_id,
        account=await life.look(),
        timeline=await life.timeline(),
        commands=callers.of(life.account_id),
        books=books.get(life.account_id, Books()),
        before_closing=life.before_closing,
    )


async def _tell(progress: Progress, crowd: Crowd, callers: Callers, system: Fleet, trouble: Troublemaker) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(10)
        commands = callers.commands
        answered = sum(each.status is not None for each in commands)
        progress(
            f"{time.monotonic() - began:4.0f} s: {len(crowd.lives)} accounts, {answered} of {len(commands)} commands"
            f" answered, {sum(system.kills.values())} kills, {system.pauses} pauses, {trouble.faults} faults"
        )
