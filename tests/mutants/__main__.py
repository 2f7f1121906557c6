"""`python -m tests.mutants`: change the code in one place after another, and see that the tests notice.

The same as `make mutants`. Prints what survived, and exits with 1 if more did than a part may lose. A change counts as
caught when a test fails, or hangs for longer than it may.
"""

import argparse
import difflib
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.choosing import choose
from tests.mutants.equivalent import as_entry, listed, told_apart
from tests.mutants.measured import Measured, measure
from tests.mutants.parts import PARTS, ROOT, Mutant, Part, counts, draw, mutants_of
from tests.mutants.slots import Job, Slots
from tests.mutants.trial import Report

KEPT = ROOT / ".mutants"
SURVIVORS = KEPT / "survivors.toml"
LAST = KEPT / "survivors"


class Hunt:
    """One run over some mutants."""

    def __init__(self, mutants: Sequence[Mutant], processes: int) -> None:
        self.mutants = mutants
        self.survivors: dict[Mutant, str] = {mutant: "" for mutant in mutants}
        """What has not been caught, and what is to be said of that."""
        self.caught_by: Counter[str] = Counter()
        self.weak: set[str] = set()
        self._parts = [part for part in PARTS if any(mutant.part is part for mutant in mutants)]
        self._processes = processes
        self._measured: dict[str, Measured] = {}
        self._done = 0

    def run(self) -> None:
        """Ask the tests, stage by stage."""
        suites = sorted({suite for part in self._parts for stage in part.stages for suite in stage.suites})
        began = time.monotonic()
        slots = Slots(ROOT, suites, self._processes)
        try:
            print(f"{self._processes} copies made in {time.monotonic() - began:.0f} s", flush=True)
            for n in range(max(len(part.stages) for part in self._parts)):
                for part in self._parts:
                    if n < len(part.stages):
                        self._stage(slots, part, n)
        finally:
            slots.close()

    def _stage(self, slots: Slots, part: Part, n: int) -> None:
        stage = part.stages[n]
        mutants = [mutant for mutant in self.survivors if mutant.part is part]
        if not mutants:
            return
        for suite in stage.suites:
            self._measure(slots, suite)
        jobs: list[Job] = []
        for mutant in mutants:
            choice = choose(mutant, stage, self._measured, ROOT)
            if choice.trial is not None:
                jobs.append(Job(choice.trial, mutant))
                left = f"; {choice.not_asked} more tests run it, but take too long" if choice.not_asked else ""
                self.survivors[mutant] = f"{len(choice.trial.limits or ())} tests of {' '.join(stage.suites)}{left}"
            elif not self.survivors[mutant]:
                self.survivors[mutant] = "no test runs it"
        self._done = 0
        began = time.monotonic()
        slots.run(jobs, lambda job, report: self._tell(job, report, len(jobs)))
        took = time.monotonic() - began
        caught = len(mutants) - sum(mutant.part is part for mutant in self.survivors)
        each = f", {took * self._processes / len(jobs):.1f} s of a process each" if jobs else ""
        print(f"{part.name}, {' '.join(stage.suites)}: {caught} of {len(mutants)} caught in {took:.0f} s{each}")

    def _measure(self, slots: Slots, suite: str) -> None:
        if suite in self._measured:
            return
        began = time.monotonic()
        self._measured[suite] = measured = measure(slots, suite, ROOT, KEPT)
        print(f"{suite}: {len(measured.seconds)} tests measured in {time.monotonic() - began:.0f} s", flush=True)
        for test in measured.failing:
            self.weak.add(test)
            print(f"    fails without any change, and is not asked: {test}", flush=True)

    def _tell(self, job: Job, report: Report, whole: int) -> None:
        assert job.mutant is not None, "only mutants are told of"
        self._done += 1
        if not report.passed:
            del self.survivors[job.mutant]
            self.caught_by["hanging" if report.timed_out else "a test" if report.by else "the import"] += 1
        if self._done % 25 == 0 and self._done < whole:
            print(f"    {self._done} of {whole} ...", flush=True)


def diff(mutant: Mutant) -> str:
    """Return the lines that a mutant changes, as a diff has them."""
    lines = difflib.unified_diff(mutant.source.splitlines(), mutant.after.splitlines(), n=0, lineterm="")
    return "\n".join(f"    {line}" for line in lines if line[:3] not in {"---", "+++"} and line[:2] != "@@")


def _chosen(asked: argparse.Namespace) -> list[Mutant]:
    """Return the mutants to try, and say which entries of the list mean none any more."""
    everything = [mutant for part in PARTS for mutant in mutants_of(part)]
    kept, stale = told_apart(everything, listed())
    print(f"{len(everything)} changes can be made, {len(everything) - len(kept)} of them are listed as equivalent")
    for entry in stale:
        print(f"equivalent.toml means nothing any more by: {entry.file}, {entry.function}: {entry.mutated}")
    if asked.again:
        asked.ids = [*asked.ids, *(LAST.read_text().split() if LAST.exists() else ())]
        kept = [mutant for mutant in kept if mutant.id in asked.ids]
        return kept
    if asked.ids:
        return [mutant for mutant in everything if mutant.id in asked.ids]
    parts = [part for part in PARTS if asked.part in {None, part.name}]
    shares = counts(parts, asked.count)
    drawn: list[Mutant] = []
    for part in parts:
        there = [
            mutant for mutant in kept if mutant.part is part and asked.within in f"{mutant.file} {mutant.function}"
        ]
        drawn += draw(there, shares[part.name], asked.seed)
    return drawn


def _verdict(hunt: Hunt, *, sampled: bool) -> int:
    """Print what survived and how each part did; return the exit code."""
    for mutant, why in hunt.survivors.items():
        print(
            f"\nsurvived {mutant.id}: {mutant.file}:{mutant.line} {mutant.function} ({mutant.change.operator}; {why})"
        )
        print(diff(mutant))
    KEPT.mkdir(exist_ok=True)
    SURVIVORS.write_text("\n".join(as_entry(mutant) for mutant in hunt.survivors))
    LAST.write_text("\n".join(mutant.id for mutant in hunt.survivors))
    print()
    code = 0
    for part in PARTS:
        whole = sum(mutant.part is part for mutant in hunt.mutants)
        if not whole:
            continue
        caught = whole - sum(mutant.part is part for mutant in hunt.survivors)
        share = 100 * caught / whole
        enough = part.least is None or share >= part.least
        wanted = f", {part.least:g} % are wanted" if part.least is not None else ""
        print(f"{part.name}: {caught} of {whole} caught, {share:.1f} %{wanted}{'' if enough else ': NOT ENOUGH'}")
        if sampled and not enough:
            code = 1
    print(f"caught by {', '.join(f'{kind}: {count}' for kind, count in hunt.caught_by.most_common()) or 'nothing'}")
    if hunt.survivors:
        print(f"entries to copy into equivalent.toml: {SURVIVORS.relative_to(ROOT)}; again: make mutants AGAIN=1")
    return code


def main() -> int:
    """Change the code, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, help="of the sample (default: another one each time)")
    parser.add_argument("--count", type=int, default=300, help="how many changes (default: 300)")
    parser.add_argument("--part", choices=[part.name for part in PARTS], help="of the code; by default all")
    parser.add_argument("--within", default="", help="only in files and functions whose names have this in them")
    parser.add_argument("--again", action="store_true", help="only what survived the last time")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="at the same time")
    parser.add_argument("ids", nargs="*", help="only these changes, as named before")
    asked = parser.parse_args()
    if asked.seed is None:
        asked.seed = time.time_ns() % 10_000
    print(f"seed {asked.seed}")
    mutants = _chosen(asked)
    if not mutants:
        print("There is nothing to change.")
        return 0 if asked.again else 1
    hunt = Hunt(mutants, asked.processes)
    began = time.monotonic()
    hunt.run()
    code = _verdict(hunt, sampled=not asked.ids)
    print(f"seed {asked.seed}, {len(mutants)} changes, {time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
