"""Which tests run which lines, and how long they take: measured once, and kept until code or tests change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutants.slots import Job, Slots, test_files
from tests.mutants.trial import Trial


@dataclass(frozen=True)
class Measured:
    """What a suite's tests run."""

    seconds: Mapping[str, float]
    """Of each test that passes."""
    lines: Mapping[str, Mapping[str, Sequence[str]]]
    """File, line (as text), and the tests that run it."""
    failing: Sequence[str]
    """Tests that fail without any change of ours: they can notice nothing."""

    def running(self, file: str, first: int, last: int) -> set[str]:
        """Return the tests that run one of these lines."""
        lines = self.lines.get(file, {})
        return {test for line in range(first, last + 1) for test in lines.get(str(line), ())} & self.seconds.keys()


def measure(slots: Slots, suite: str, root: Path, kept_in: Path) -> Measured:
    """Return what a suite's tests run: as kept for these very files, or measured now."""
    kept = kept_in / f"{suite.replace('/', '-')}-{_digest(root, suite)}.json"
    if kept.exists():
        return Measured(**json.loads(kept.read_text()))
    seconds: dict[str, float] = {}
    lines: dict[str, dict[str, list[str]]] = {}
    failing: list[str] = []
    for job, report in slots.run([Job(Trial((file,), measured=True)) for file in test_files(root, suite)]):
        if report.timed_out or not report.seconds:
            failing.append(report.by or job.trial.files[0])
            continue
        failing.extend(report.failing)
        seconds.update({test: took for test, took in report.seconds.items() if test not in report.failing})
        for file, ran in (report.lines or {}).items():
            for line, tests in ran.items():
                lines.setdefault(file, {}).setdefault(line, []).extend(tests)
    measured = Measured(seconds, lines, failing)
    if not failing:
        kept_in.mkdir(exist_ok=True)
        for old in kept_in.glob(f"{suite.replace('/', '-')}-[0-9a-f]*.json"):
            old.unlink()
        kept.write_text(json.dumps(asdict(measured)))
    return measured


def _digest(root: Path, suite: str) -> str:
    """Name the contents of the package and of all that a suite may use: its tests, and what no suite owns."""
    digest = hashlib.sha256()
    for top in ("reprise", "tests"):
        for path in sorted((root / top).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if name.startswith("tests/mutants/") or (path.name.startswith("test_") and path.parent != root / suite):
                continue
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
