"""`python -m tests.chaos.planted`: plant bugs in copies of the package, one in each, and see that a run finds them.

The same as `make planted`. What a checker says is worth what it finds. Exits with 1 if a planted bug was not found.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import reprise
from tests.chaos.plan import Plan
from tests.chaos.run import run

TRIES = 4
"""How many runs, each with another seed, a bug gets to show itself."""


@dataclass(frozen=True)
class Bug:
    """One mistake: the text of a file that becomes another."""

    name: str
    file: str
    text: str
    instead: str

    def plant(self, directory: Path) -> None:
        """Copy the package into a directory, with the mistake in it.

        Raises:
            ValueError: The text is not there just once: the code has changed, and the bug must be written anew.
        """
        copy = directory / "reprise"
        shutil.copytree(Path(reprise.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        code = (copy / self.file).read_text()
        if code.count(self.text) != 1:
            raise ValueError(f"{self.name}: {self.file} has {code.count(self.text)} times what is to be changed")
        (copy / self.file).write_text(code.replace(self.text, self.instead))


BUGS = (
    Bug(
        "no lookup before create",
        "activities/invoicing.py",
        "        invoice = await self.find(payment.key)\n",
        "        invoice = None\n",
    ),
    Bug(
        "attempt number not frozen",
        "activities/invoicing.py",
        'f"pay:{payment.key}:{payment.attempt}"',
        "f\"pay:{payment.key}:{__import__('uuid').uuid4()}\"",
    ),
    Bug(
        "hint believed",
        "workflows/account.py",
        "                    self._perform(self._machine.hint(workflow.now()))",
        "                    from reprise.statemachine.payments import Paid\n"
        "                    if self._machine.hint(workflow.now()):\n"
        "                        self._take(Paid(payment_key=self._machine.account.payment.key))",
    ),
    Bug(
        "command ids dropped at continue-as-new",
        "workflows/account.py",
        "answered=self._requests.remembered(),",
        "answered=(),",
    ),
)


async def is_found(bug: Bug, seeds: Sequence[int], duration: float) -> bool:
    """Run the system with a bug in it until the checker finds something; say what it found."""
    with tempfile.TemporaryDirectory(prefix="reprise-planted-") as directory:
        bug.plant(Path(directory))
        for seed in seeds:
            report = await run(Plan.of(seed, duration), package=Path(directory))
            if report.findings:
                kinds = Counter(finding.kind for finding in report.findings)
                counted = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
                print(f"{bug.name}: found (seed {seed}: {counted}), such as\n    {report.findings[0]}", flush=True)
                return True
            print(f"{bug.name}: not found with seed {seed}, {report.payments} payments", flush=True)
    return False


async def _main(seed: int, duration: float, names: Sequence[str]) -> int:
    chosen = [bug for bug in BUGS if not names or any(name in bug.name for name in names)]
    found = [await is_found(bug, range(seed, seed + TRIES), duration) for bug in chosen]
    print(f"{sum(found)} of {len(found)} planted bugs were found")
    return 0 if all(found) else 1


def main() -> int:
    """Plant each bug, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.planted", description=__doc__)
    parser.add_argument("--duration", type=float, default=60, help="seconds of trouble in each run (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run for each bug")
    parser.add_argument("names", nargs="*", help="part of a bug's name; by default all bugs")
    asked = parser.parse_args()
    return asyncio.run(_main(asked.seed, asked.duration, asked.names))


if __name__ == "__main__":
    sys.exit(main())
