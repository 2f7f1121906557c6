"""The tour of the README is one that can be made: as it stands there, at the embedded system."""

import json
import os
import subprocess
from pathlib import Path

from tests.local.commands import REPRISE, environment
from tests.local.conftest import Standing

PROJECT = Path(__file__).parents[2]
TOUR = PROJECT / "examples" / "tour.sh"


def test_the_readme_shows_the_tour() -> None:
    """Line by line."""
    told = TOUR.read_text().split("set -e\n", 1)[1]
    assert told in (PROJECT / "README.md").read_text()


def test_R3_R6_the_tour_leads_where_it_says(standing: Standing, tmp_path: Path) -> None:
    """Opened, cancelled, out of service at the term's end, and back for 125.00 USD: two charges."""
    where = standing.where
    (tmp_path / ".reprise").symlink_to(standing.data)
    script = TOUR.read_text().replace("http://127.0.0.1:8000", where["api"]).replace(".venv/bin/reprise", str(REPRISE))
    assert where["api"] in script
    made = subprocess.run(
        ["sh"],
        input=script,
        cwd=tmp_path,
        env={**environment(), "no_proxy": "*", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    said = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
    opened, cancelled, still, gone, carts, quote, back, invoices = said
    assert (opened["state"], cancelled["state"], still["access"], gone["access"]) == (
        "active",
        "cancelled",
        True,
        False,
    )
    assert (carts["carts"], quote["amount_due"], back["state"]) == (5, 12500, "reactivated")
    assert [each["amount_due"] for each in invoices["invoices"]] == [12500, 7500]

    # Beside it, the command line needs no setting.
    shown = subprocess.run(
        [REPRISE, "account", "show", "shop-1", "--json"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(shown.stdout)["state"] == "reactivated"
