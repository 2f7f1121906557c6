"""Measure what Reprise costs beside its bare parts, and print a table: `python -m benchmarks [--strict]`.

All is measured in one run, a bare part right after its counterpart, so that a machine that is busy is so for both. What
is shown is the median of the rounds.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from benchmarks.core import months_in_the_core, months_of_the_bare_chart
from benchmarks.rates import OPENED, Rates, resident
from reprise.local.processes import Child, first_death
from reprise.local.system import System, running
from reprise.temporal.converter import data_converter

ROUNDS: Final = 5

Measure = Callable[[], Awaitable[float]]


class Figure(NamedTuple):
    """What is measured, and what its ratio to the bare part is to be; None: it explains another."""

    name: str
    ours: Measure
    bare: Measure
    goal: float | None


class Row(NamedTuple):
    """What came of it: how much, and how many times the bare part's figure; `more` is better, or less is."""

    name: str
    ours: float
    bare: float
    ratio: float
    goal: float | None
    more: bool

    @property
    def met(self) -> bool:
        """Whether the goal is."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.more else self.ratio <= self.goal


async def measured() -> list[Row]:
    """Start everything, measure, and end everything."""
    with tempfile.TemporaryDirectory(prefix="reprise-bench-") as directory:
        data = Path(directory)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("REPRISE_", "STRIPE_"))
        }
        async with running(data, environment=environment) as system:
            command = [sys.executable, "-m", "benchmarks.bare_worker"]
            bare = await Child.start("the bare worker", command, system.environment, data / "logs" / "bare.log", 15)
            try:
                return await _measured_while_all_live(system, bare)
            finally:
                await bare.stop()


async def _measured_while_all_live(system: System, bare: Child) -> list[Row]:
    measuring = asyncio.create_task(_measured(system, bare))
    death = asyncio.create_task(first_death([*system.children, bare]))
    try:
        await asyncio.wait({measuring, death}, return_when=asyncio.FIRST_COMPLETED)
        if not measuring.done():
            raise await death
        return await measuring
    finally:
        measuring.cancel()
        death.cancel()


async def _measured(system: System, bare: Child) -> list[Row]:
    client = await Client.connect(system.addresses.temporal, data_converter=data_converter)
    bearer = {"Authorization": f"Bearer {system.token()}"}
    async with (
        httpx.AsyncClient(base_url=system.addresses.api, headers=bearer, timeout=60, trust_env=False) as http,
        httpx.AsyncClient(base_url=system.addresses.stripe, timeout=60, trust_env=False) as sandbox,
    ):
        rates = Rates(client, http, sandbox)
        # What an opening brings would slow down what is measured next.
        quiet = partial(system.until, rates.webhooks_are_delivered, "The API, with Stripe's webhooks,")
        figures = [
            Figure("commands/s, direct", rates.commands, rates.bare_updates, 0.9),
            Figure("commands/s, over HTTP", rates.commands_over_http, rates.bare_updates, 0.75),
            Figure("openings/s", rates.openings, rates.bare_openings, 0.6),
            # As many as an opening has: the customer is registered, then the payment is collected.
            Figure("openings/s, two activities", rates.openings, partial(rates.bare_openings, 2), None),
            Figure("account-months/s, core", _core, _bare_chart, 0.3),
        ]
        worker = next(each for each in system.children if each.name == "the worker").pid
        await rates.prepare()
        for each in figures:  # what is done for the first time is not what it costs
            await each.ours()
            await each.bare()
            await quiet()
        # Only what opening leaves: commands and their answers would be counted with it later.
        kept, bare_kept = await _kept(worker, rates.openings), await _kept(bare.pid, rates.bare_openings)
        await quiet()
        found: dict[str, list[tuple[float, float]]] = {each.name: [] for each in figures}
        for _ in range(ROUNDS):
            for each in figures:
                ours = await each.ours()
                await quiet()
                found[each.name].append((ours, await each.bare()))
    rows = []
    for each in figures:
        mine, bares = zip(*found[each.name], strict=True)
        # Of each round by itself: from one to the next, the machine may be another.
        ratio = median(one / other for one, other in found[each.name])
        rows.append(Row(each.name, median(mine), median(bares), ratio, each.goal, more=True))
    return [*rows, Row("KB, a cached account", kept, bare_kept, kept / bare_kept, 1.5, more=False)]


async def _kept(pid: int, opening: Measure) -> float:
    """Return what a worker keeps of each account or workflow that is opened, in KB: the median of its rounds.

    A worker gives memory back, and takes it, in pieces larger than a round needs: an average would tell of these.
    """
    grown = []
    for _ in range(2 * ROUNDS):
        before = resident(pid)
        await opening()
        grown.append((resident(pid) - before) / OPENED)
    return median(grown)


async def _core() -> float:
    return months_in_the_core()


async def _bare_chart() -> float:
    return months_of_the_bare_chart()


def shown(rows: list[Row]) -> Table:
    """Return the table."""
    table = Table("", "ours", "bare", "ratio", "goal", "", title=f"Medians of {ROUNDS} rounds")
    for column in table.columns[1:5]:
        column.justify = "right"
    for each in rows:
        goal = "" if each.goal is None else f"{'≥' if each.more else '≤'} {each.goal:g}"
        verdict = "" if each.goal is None else "met" if each.met else "missed"
        table.add_row(each.name, f"{each.ours:,.0f}", f"{each.bare:,.0f}", f"{each.ratio:.2f}", goal, verdict)
    return table


def main() -> int:
    """Measure and print; return 1 if a goal was missed and that was to be strict."""
    parser = argparse.ArgumentParser(description="Measure Reprise beside its bare parts.")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    strict: bool = parser.parse_args().strict
    rows = asyncio.run(measured())
    Console(width=100).print(shown(rows))
    return 1 if strict and not all(each.met for each in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
