"""`make stripe`: do the assumptions hold at Stripe itself?

Opt-in, with the key of a test account in STRIPE_API_KEY; live keys are refused. Each assumption is one test, the same
that runs against the sandbox in `make test`. What a test makes is deleted or voided after it. Ends with a table, and
with 1 if an assumption does not hold. Further arguments go to pytest, such as `-k balance`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.assumptions.account import WrongKeyError, settings_of_stripe

HERE = Path(__file__).parent
QUIETLY = ("--quiet", "--no-header", "--no-summary", "--tb=no", "-p", "no:cacheprovider")
IMPORTED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # the client, to see whether there is a key


class Findings:
    """A pytest plugin that remembers which assumption holds, and what was seen where one does not."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[str, str]] = {}
        self.holds: dict[str, bool] = {}
        self.seen: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            assert isinstance(item, pytest.Function)
            words, _, source = (item.function.__doc__ or "").partition("Source:")
            case = f" [{item.callspec.id}]" if hasattr(item, "callspec") else ""
            self.said[item.nodeid] = words.strip().splitlines()[0] + case, " ".join(source.split())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.holds[report.nodeid] = self.holds.get(report.nodeid, True) and report.passed
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None:
            self.seen[report.nodeid] = str(crash.message).splitlines()[0]

    def table(self) -> Table:
        """Return the table: assumption, holds or not, and what was seen or where it is written."""
        table = Table("assumption", "holds", "seen, or source", title="What Reprise takes Stripe to do")
        for test, (words, source) in self.said.items():
            answer = "[green]yes[/]" if self.holds.get(test) else "[bold red]NO[/]"
            table.add_row(words.replace("[", r"\["), answer, self.seen.get(test, source).replace("[", r"\["))
        return table


def main(arguments: Sequence[str]) -> int:
    """Try every assumption at Stripe; return 0 if all hold, 1 if one does not, 2 if it could not be tried."""
    console = Console()
    try:
        settings_of_stripe()
    except WrongKeyError as wrong:
        console.print(str(wrong), markup=False)
        return 2
    findings = Findings()
    ended = pytest.main([str(HERE), "--stripe", *QUIETLY, *IMPORTED, *arguments], plugins=[findings])
    if not findings.holds:
        return 2
    console.print(findings.table())
    failed = [test for test in findings.said if not findings.holds.get(test)]
    console.print(f"{len(findings.said) - len(failed)} of {len(findings.said)} assumptions hold.", markup=False)
    return int(bool(failed or ended))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
