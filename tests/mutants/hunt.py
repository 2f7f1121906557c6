"""A hunt: some changes, the tests that are asked about them, and what is left."""

import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.choosing import choose
from tests.mutants.measured import Measured, measure
from tests.mutants.parts import PARTS, Mutant, Part, Stage
from tests.mutants.slots import Job, Slots
from tests.mutants.trial import Report

KEPT = ".mutants"
"""The folder of a project in which is kept what was measured, and what survived."""

HANGING = ", hanging"


class Hunt:
    """One run over some mutants."""

    def __init__(self, root: Path, mutants: Sequence[Mutant], processes: int, *, quick: bool, patience: float) -> None:
        self._root = root
        self._patience = patience
        self.mutants = mutants
        self.survivors: dict[Mutant, str] = dict.fromkeys(mutants, "")
        """What has not been caught, and what is to be said of that."""
        self.caught: dict[Mutant, str] = {}
        """What has been caught, and by which test, or how else."""
        self._parts = [part for part in PARTS if any(mutant.part is part for mutant in mutants)]
        self._processes = processes
        self._stages = {part.name: part.stages[:1] if quick else part.stages for part in self._parts}
        self._measured: dict[str, Measured] = {}
        self._done = 0

    def run(self) -> None:
        """Ask the tests, stage by stage."""
        suites = sorted({suite for stages in self._stages.values() for stage in stages for suite in stage.suites})
        began = time.monotonic()
        slots = Slots(self._root, suites, self._processes)
        try:
            print(f"{self._processes} copies made in {time.monotonic() - began:.0f} s", flush=True)
            for n in range(max(len(stages) for stages in self._stages.values())):
                for part in self._parts:
                    for stage in self._stages[part.name][n : n + 1]:
                        self._stage(slots, part, stage)
        finally:
            slots.close()

    def _stage(self, slots: Slots, part: Part, stage: Stage) -> None:
        mutants = [mutant for mutant in self.survivors if mutant.part is part]
        if not mutants:
            return
        for suite in stage.suites:
            self._measure(slots, suite)
        jobs: list[Job] = []
        for mutant in mutants:
            choice = choose(mutant, stage, self._measured, self._root, self._patience)
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
        survived = [mutant.id for mutant in self.survivors if mutant.part is part]
        caught = len(mutants) - len(survived)
        each = f", {took * self._processes / len(jobs):.1f} s of a process each" if jobs else ""
        print(f"{part.name}, {' '.join(stage.suites)}: {caught} of {len(mutants)} caught in {took:.0f} s{each}")
        if survived:  # for whoever ends the run before it asks the others
            print(f"    left: {' '.join(survived)}", flush=True)

    def _measure(self, slots: Slots, suite: str) -> None:
        if suite in self._measured:
            return
        began = time.monotonic()
        self._measured[suite] = measured = measure(slots, suite, self._root, self._root / KEPT)
        print(f"{suite}: {len(measured.seconds)} tests measured in {time.monotonic() - began:.0f} s", flush=True)
        for test in measured.failing:
            print(f"    fails without any change, and is not asked: {test}", flush=True)

    def _tell(self, job: Job, report: Report, whole: int) -> None:
        assert job.mutant is not None, "only mutants are told of"
        self._done += 1
        if not report.passed:
            del self.survivors[job.mutant]
            self.caught[job.mutant] = f"{report.by or 'the import'}{HANGING if report.timed_out else ''}"
        if self._done % 25 == 0 and self._done < whole:
            print(f"    {self._done} of {whole} ...", flush=True)
