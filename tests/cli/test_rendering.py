"""How answers are shown: instants in the local zone beside UTC, amounts with currencies, text that steers nothing."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from rich.console import Console

from reprise.cli.rendering import facts, money, show, shown, when
from reprise.client.requests import read_as
from reprise.schemas.accounts import AccountView
from reprise.schemas.api import PortalUrl, Timeline
from tests.client.answers import ACCOUNT, ENTRY
from tests.client.conversations import answered

MOMENT = datetime(2027, 1, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """The zone of a person's machine."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "2027-01-31 23:30 UTC"),
        ("America/New_York", "2027-01-31 18:30 EST (23:30Z)"),
        ("Europe/Berlin", "2027-02-01 00:30 CET (2027-01-31 23:30Z)"),
    ],
    indirect=["zone"],
)
@pytest.mark.usefixtures("zone")
def test_instants_are_local_with_UTC_beside(told: str) -> None:
    """The day of UTC as well, where it is another."""
    assert when(MOMENT) == told


def test_amounts_have_their_currency() -> None:
    """Yen have no cents."""
    assert (money(12500, "usd"), money(2000, "jpy"), money(None, "usd")) == ("125.00 USD", "2000 JPY", "–")


def _printed(document: object) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    console.print(shown(document))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_others_wrote_steers_no_terminal() -> None:
    """Neither by escapes, nor by rich's own marks."""
    entry = {**ENTRY, "reason": "\x1b[2J [red]now[/red] \u202e", "actor": {"kind": "operator", "id": "\x07"}}
    said = _printed(read_as(Timeline)(answered(200, {"timeline": [entry], "next_cursor": None})))
    assert "\x1b[2J" not in said
    assert "\\x1b[2J [red]now[/red] \\u202e" in said
    assert "\x07" not in said


def test_a_past_due_account_says_why_and_when_it_is_tried_again() -> None:
    """Decline code, sum, next try."""
    payment = {
        **ACCOUNT["payment"],
        "status": "declined",
        "decline_code": "insufficient_funds",
        "next_attempt_at": "2027-03-01T10:00:00Z",
    }
    view: AccountView = read_as(AccountView)(answered(200, {**ACCOUNT, "state": "past_due", "payment": payment}))
    said = _printed(view)
    assert "past_due" in said
    assert "insufficient_funds" in said
    assert "75.00 USD declined" in said
    assert "2027-03-01" in said


def test_what_is_long_is_neither_cut_nor_folded_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A link that is broken leads nowhere."""
    link = "https://billing.example.com/" + "x" * 2000
    show(shown(PortalUrl(url=link)))
    show(facts([("to confirm at", link)]))
    assert [line.rpartition(" ")[2].strip() for line in capsys.readouterr().out.splitlines()] == [link, link]
