"""Copies of the project, one for each trial that runs at the same time, and the trials in them."""

import ast
import gc
import importlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

from tests.mutants.parts import Mutant
from tests.mutants.trial import START_LIMIT, Report, Trial, outcome, perform

LEFT_OUT = shutil.ignore_patterns(
    ".*_cache", ".git", ".venv", ".reprise", ".mutants", ".hypothesis", "__pycache__", "dist"
)

_fork = get_context("fork")


@dataclass(frozen=True)
class Job:
    """A trial of a mutant, or of the code as it is."""

    trial: Trial
    mutant: Mutant | None = None


class _Slot:
    """One copy, and what runs in it."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        self.job: Job | None = None
        self._process: ForkProcess | None = None
        self._report = copy.with_suffix(".json")
        self._deadline = 0.0

    @property
    def sentinel(self) -> int:
        assert self._process is not None, "asked only of one that runs"
        return self._process.sentinel

    @property
    def left(self) -> float:
        """Seconds until even the watchdog must have ended the trial."""
        return self._deadline - time.monotonic()

    def start(self, job: Job) -> None:
        for suffix in (".json", ".at"):
            self._report.with_suffix(suffix).unlink(missing_ok=True)
        if job.mutant:
            self._write(job.mutant.file, job.mutant.after)
        self.job = job
        limits = job.trial.limits
        self._deadline = time.monotonic() + (sum(limits.values()) + 3 * START_LIMIT if limits is not None else 3600)
        self._process = _fork.Process(target=perform, args=(job.trial, self.copy, self._report))
        self._process.start()

    def finish(self) -> tuple[Job, Report]:
        """End all that the trial has started, and put the code back as it was."""
        assert self.job is not None, "asked only of one that runs"
        job = self.job
        self.end()
        return job, outcome(self._report)

    def end(self) -> None:
        if self._process is not None and self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()
        if self.job and self.job.mutant:
            self._write(self.job.mutant.file, self.job.mutant.source)
        self.job, self._process = None, None

    def _write(self, file: str, text: str) -> None:
        path = self.copy / file
        path.write_text(text)
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()


class Slots:
    """Where trials run, as many at a time as there are slots. To be closed."""

    def __init__(self, root: Path, suites: Iterable[str], count: int) -> None:
        """Copy the project, and import once what it and the tests import of others.

        Raises:
            RuntimeError: The tests cannot be collected; it says why.
        """
        self._directory = Path(tempfile.mkdtemp(prefix="reprise-mutants-")).resolve()
        self._slots: list[_Slot] = []
        try:
            self._make(root, sorted(suites), count)
        except BaseException:
            self.close()
            raise

    def _make(self, root: Path, suites: Sequence[str], count: int) -> None:
        first = self._directory / "0"
        shutil.copytree(root, first, ignore=LEFT_OUT)
        subprocess.run(["git", "init", "--quiet"], cwd=first, check=True)  # tests ask Git which files are the project's
        _import_others(first, suites)
        self._slots.append(_Slot(first))
        files = tuple(file for suite in suites for file in test_files(first, suite))
        for _, report in self.run([Job(Trial(files, collect_only=True))]):  # also writes the tests' bytecode
            if not report.passed:
                raise RuntimeError(f"The tests cannot be collected:\n{first.with_suffix('.log').read_text()}")
        for n in range(1, count):
            copy = self._directory / str(n)
            shutil.copytree(first, copy)
            self._slots.append(_Slot(copy))

    def run(self, jobs: Iterable[Job], told: Callable[[Job, Report], None] | None = None) -> list[tuple[Job, Report]]:
        """Run every job, and return how each ended, in the order of their ends."""
        waiting = deque(jobs)
        ended: list[tuple[Job, Report]] = []
        while waiting or any(slot.job for slot in self._slots):
            for slot in self._slots:
                if waiting and slot.job is None:
                    slot.start(waiting.popleft())
            running = [slot for slot in self._slots if slot.job]
            patience = max(0.0, min(slot.left for slot in running))
            done = connection.wait([slot.sentinel for slot in running], patience)
            for slot in running:
                if slot.sentinel in done or slot.left <= 0:
                    ended.append(slot.finish())
                    if told:
                        told(*ended[-1])
        return ended

    def close(self) -> None:
        """End what runs, and delete the copies."""
        for slot in self._slots:
            slot.end()
        shutil.rmtree(self._directory, ignore_errors=True)


def test_files(root: Path, suite: str) -> list[str]:
    """Return a folder's own files of tests, relative to the project."""
    return [path.relative_to(root).as_posix() for path in sorted((root / suite).glob("test_*.py"))]


def _import_others(root: Path, suites: Iterable[str]) -> None:
    """Import pytest's plugins, and every library that Reprise and the tests name, so that each fork has them."""
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    places = [root / "reprise", *(root / suite for suite in suites)]
    files = [path for place in places for path in place.rglob("*.py")]
    files += (root / "tests").glob("*.py")
    names = {name for path in files for name in _imports(path) if name.partition(".")[0] not in {"reprise", "tests"}}
    for name in sorted(names):
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # the forks share all this: nothing of it is garbage


def _imports(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
