"""One run of some tests in a forked process: the libraries are imported already, Reprise comes from a copy of its own.

The process is the leader of its own group, so that servers which its tests have started can be ended with it. A test
that hangs is ended by a watchdog in C, which asks the interpreter nothing.
"""

import faulthandler
import json
import os
import signal
import sys
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import coverage
import pytest
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureDef

START_LIMIT = 60.0
"""Seconds until the first test begins, and between the last one's end and the process's."""

OPTIONS = (
    *("-x", "--tb=short", "--rootdir=."),
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:xdist"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins are imported already, on purpose
)


@dataclass(frozen=True)
class Trial:
    """What to run."""

    files: tuple[str, ...]
    """Test files to collect, relative to the project."""
    limits: Mapping[str, float] | None = None
    """Which of their tests to run, in this order, and how many seconds each may take; None: all, without limits."""
    measured: bool = False
    """Whether to note which lines each test runs."""
    collect_only: bool = False


@dataclass(frozen=True)
class Report:
    """How a trial ended."""

    passed: bool
    by: str | None = None
    """The test that failed; None if the code could not even be imported."""
    timed_out: bool = False
    seconds: Mapping[str, float] | None = None
    """How long each test took, with its set-up."""
    lines: Mapping[str, Mapping[str, list[str]]] | None = None
    """File, line, and the tests that run it."""
    failing: tuple[str, ...] = ()


def perform(trial: Trial, copy: Path, report: Path) -> NoReturn:
    """Run a trial in this process, which is a fork and ends with it. What it leaves is read by `outcome`."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log = os.open(report.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(copy)
    sys.path[:] = [str(copy), *(path for path in sys.path if path and not (Path(path) / "reprise").is_dir())]
    os.environ["PYTHONPATH"] = str(copy)
    if trial.limits is not None:  # a change must leave nothing behind that is taken for the code itself
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.partition(".")[0] in {"tests", "reprise"}]:
        del sys.modules[name]
    watch = _Watch(trial, copy, report)
    watch.arm(START_LIMIT)
    if watch.coverage:
        watch.coverage.start()
    code = pytest.main([*OPTIONS, *(["--collect-only"] if trial.collect_only else []), *trial.files], plugins=[watch])
    watch.write(code)
    os._exit(0)


def outcome(report: Path) -> Report:
    """Read how a trial ended, once its process has."""
    where = report.with_suffix(".at")
    if report.exists():
        return Report(**json.loads(report.read_text()))
    return Report(passed=False, by=where.read_text() if where.exists() else None, timed_out=True)


class _Watch:
    """A pytest plugin: chooses and orders tests, stops those that hang, notes what fails and what runs."""

    def __init__(self, trial: Trial, copy: Path, report: Path) -> None:
        self._trial = trial
        self._copy = copy
        self._report = report
        self._failing: list[str] = []
        self._seconds: dict[str, float] = {}
        self._wider: dict[str, list[str]] = {}
        self._context = ""
        self.coverage: coverage.Coverage | None = None
        if trial.measured:
            source = [str(copy / "reprise")]
            self.coverage = coverage.Coverage(data_file=None, config_file=False, source=source, messages=False)

    def arm(self, seconds: float) -> None:
        """End the process unless this is called again in time."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=2)

    def pytest_collection(self) -> None:
        """Stop at the first counterexample: nobody reads a smaller one. Test modules are imported after this."""
        settings.register_profile(
            "mutants",
            settings.get_profile("suite"),
            phases=[Phase.explicit, Phase.generate],
            report_multiple_bugs=False,
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        limits = self._trial.limits
        if limits is not None:
            order = {name: at for at, name in enumerate(limits)}
            items[:] = sorted((each for each in items if each.nodeid in order), key=lambda each: order[each.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        limits = self._trial.limits
        self.arm(limits[item.nodeid] if limits is not None else 10 * START_LIMIT)
        self._report.with_suffix(".at").write_text(item.nodeid)
        if self.coverage:
            self._switch(item.nodeid)
            for name in getattr(item, "fixturenames", ()):
                self._wider.setdefault(name, []).append(item.nodeid)
        began = time.monotonic()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = time.monotonic() - began
            self.arm(START_LIMIT)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: "FixtureDef[Any]") -> Generator[None, object, object]:
        """What a fixture of many tests runs is run for all of them, not for the first alone."""
        if self.coverage is None or fixturedef.scope == "function":
            return (yield)
        outer = self._context
        self._switch(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._switch(outer)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failing.append(report.nodeid)

    def write(self, code: int) -> None:
        """Leave behind how it ended."""
        lines = self._lines() if self.coverage else None
        said = {
            "passed": code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED},
            "by": self._failing[0] if self._failing else None,
            "seconds": self._seconds,
            "lines": lines,
            "failing": self._failing,
        }
        whole = self._report.with_suffix(".part")
        whole.write_text(json.dumps(said))
        whole.rename(self._report)

    def _switch(self, context: str) -> None:
        assert self.coverage is not None, "only asked while measuring"
        self._context = context
        self.coverage.switch_context(context)

    def _lines(self) -> dict[str, dict[int, list[str]]]:
        assert self.coverage is not None, "only asked for what was measured"
        self.coverage.stop()
        data = self.coverage.get_data()
        found: dict[str, dict[int, list[str]]] = {}
        for file in data.measured_files():
            lines = found.setdefault(Path(file).relative_to(self._copy.resolve()).as_posix(), {})
            for line, contexts in data.contexts_by_lineno(file).items():
                tests = {test for context in contexts for test in self._tests(context)}
                if tests:
                    lines[line] = sorted(tests)
        return found

    def _tests(self, context: str) -> list[str]:
        kind, _, name = context.partition(" ")
        return self._wider.get(name, []) if kind == "fixture" else [context] if context else []
