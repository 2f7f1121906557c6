"""`make soak`: does the system hold more and more, the longer it runs?

The embedded system under a steady load of random lives. After a warm-up, in which the worker's cache of workflows fills
to its bound, each of our processes is looked at in turn. Exits with 1 if memory, file descriptors, threads or open
connections of one of them are not flat (`flatness.py` says what that is), or if one failed to answer; 503, "not now",
is an answer on a busy machine. Temporal's own server is shown beside them: it keeps histories and is not ours to judge.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from reprise.local.system import System, running
from reprise.temporal.connection import connect
from tests.plain_http import plain_client
from tests.soak.flatness import Trend, trend
from tests.soak.load import Load
from tests.soak.processes import WHAT, Sample, sample

LOOKS = 90
"""How many looks are taken after the warm-up."""

CACHED = 100
"""Workflows that the worker may keep in memory: few, so that the warm-up fills its cache."""

NOT_OURS = "Temporal"

Looks = dict[str, list[tuple[float, Sample]]]


async def soak(duration: float, rate: float, seed: int) -> int:
    """Run for `duration` seconds, a quarter of it as warm-up; print what was seen; return the exit code."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE")}
    environment = {**own, "REPRISE_MAX_CACHED_WORKFLOWS": str(CACHED)}
    with tempfile.TemporaryDirectory(prefix="reprise-soak-") as directory:
        async with running(Path(directory), environment=environment) as system:
            temporal = await connect(system.addresses.temporal)
            headers = {"Authorization": f"Bearer {system.token()}"}
            async with plain_client(headers=headers, timeout=60) as http:
                load = Load(system.addresses.api, temporal, http, seed)
                running_load = asyncio.create_task(load.run(rate))
                try:
                    looks = await _look(system, running_load, duration)
                finally:
                    running_load.cancel()
                    await asyncio.gather(running_load, return_exceptions=True)
    return _report(looks, load, duration)


async def _look(system: System, load: "asyncio.Task[None]", duration: float) -> Looks:
    warm_up, began = duration / 4, time.monotonic()
    looks: Looks = {child.name: [] for child in system.children}
    death = asyncio.create_task(system.first_death())
    pause = (duration - warm_up) / LOOKS
    try:
        for number in range(LOOKS):
            due = began + warm_up + (number + 1) * pause
            await asyncio.wait({load, death}, timeout=due - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            if death.done():
                raise death.result()
            if load.done():
                load.result()
            for child in system.children:
                looks[child.name].append((time.monotonic() - began, sample(child.pid)))
    finally:
        death.cancel()
    return looks


def _report(looks: Looks, load: Load, duration: float) -> int:
    trends = {name: _trends(of) for name, of in looks.items()}
    table = Table("process", "figure", "first", "median", "last", "per hour", "", title="After the warm-up")
    for column in table.columns[2:6]:
        column.justify = "right"
    grown = []
    for name, figures in trends.items():
        for what, seen in figures.items():
            judged = name != NOT_OURS
            if judged and not seen.flat:
                grown.append(f"{what} of {name}")
            digits = 1 if what == "memory" else 0
            numbers = [f"{each:.{digits}f}" for each in (seen.first, seen.median, seen.last)]
            verdict = ("flat" if seen.flat else "GROWS") if judged else "not judged"
            shown = "memory, MB" if what == "memory" else what
            table.add_row(name if what == "memory" else "", shown, *numbers, f"{seen.per_hour:+.1f}", verdict)
    console = Console(width=100)
    console.print(table)
    failed = sum(many for status, many in load.answers.items() if status >= 500 and status != 503)
    answers = ", ".join(f"{many} × {status}" for status, many in sorted(load.answers.items()))
    load_average = os.getloadavg()[2]
    console.print(
        f"{duration:.0f} s, {load.lives} lives, {sum(load.answers.values())} answers: {answers};"
        f" unanswered: {dict(load.unanswered) or 'none'}; load of the machine {load_average:.1f}"
    )
    if grown:
        console.print(f"NOT FLAT: {', '.join(grown)}.")
    if failed:
        console.print(f"FAILED: {failed} answers were 5xx, and not 503.")
    return 1 if grown or failed or load.unanswered else 0


def _trends(looks: list[tuple[float, Sample]]) -> Mapping[str, Trend]:
    seconds = [at for at, _ in looks]
    return {what: trend(seconds, [getattr(seen, what) for _, seen in looks], memory=what == "memory") for what in WHAT}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Soak the embedded system.")
    parser.add_argument("--duration", type=float, default=900, help="seconds, a quarter of it warm-up")
    parser.add_argument("--rate", type=float, default=1.0, help="lives begun each second")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(asyncio.run(soak(asked.duration, asked.rate, asked.seed)))
