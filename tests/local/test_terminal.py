"""What commands print: texts of other people's steer no terminal and forge no line (issue E, row 7)."""

import io
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from reprise.local.dev import show
from reprise.local.directory import Addresses
from reprise.local.fast_forward import _told
from reprise.local.story import Invoice, Story
from reprise.local.system import System
from reprise.local.temporal_ui import links
from reprise.local.terminal import printable
from reprise.statemachine.timeline import Actor, ActorKind, TimelineEntry

FORGED = "\x1b[2J\x1b]0;title\x07 [bold red]alarm[/] [link=https://evil.example]x[/link]\r\n✓ forged\x9b31m\u202e\u2028"


def steers(text: str) -> set[str]:
    """What of a text a terminal does not show, but does."""
    return {each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


@given(st.text())
@example(FORGED)
@example("\ud800")
def test_whatever_it_is_it_is_one_line_that_shows_all(text: str) -> None:
    """What would steer a terminal is written out."""
    assert not steers(printable(text))
    assert printable(printable(text)) == printable(text)
    kept = printable(text, lines=True)
    assert steers(kept) <= {"\n"}
    assert kept.count("\n") == text.count("\n")
    assert printable(FORGED).startswith(r"\x1b[2J\x1b]0;title\x07 [bold red]alarm[/]")


def test_the_demo_prints_what_it_reads_as_it_stands() -> None:
    """Neither colours, nor links, nor lines of rich's markup come from an answer, an invoice or a timeline."""
    console = Console(file=io.StringIO(), force_terminal=False, width=1000)
    story = Story("shop", None, None, None, console)  # type: ignore[arg-type] # nothing is asked of them here
    story.fact("state", FORGED, FORGED)
    story.fact("state", FORGED, "active")
    story.show([Invoice(FORGED, FORGED, FORGED, 7500, FORGED, 1, "http://127.0.0.1/")])
    console.file.seek(0)
    printed = console.file.read()
    assert steers(printed) <= {"\n"}
    assert printed.count("[bold red]alarm[/]") == 6
    assert "\n✓ forged" not in printed


def test_fast_forward_prints_what_happened_as_it_stands() -> None:
    """A decline code is Stripe's, a type the account's."""
    entry = TimelineEntry(
        sequence=1, at=datetime(2027, 1, 31, tzinfo=UTC), type=FORGED, actor=Actor(kind=ActorKind.STRIPE),
        from_state="active", to_state="past_due", amount=1, currency="usd", decline_code=FORGED,
    )  # fmt: skip
    assert not steers(_told(entry))


def test_dev_prints_a_link_to_each_list_in_one_piece() -> None:
    """However narrow the terminal: a link that is broken in two cannot be opened."""
    ui = "http://127.0.0.1:8233"
    where = Addresses(
        api="http://127.0.0.1:8000", temporal="127.0.0.1:7233", temporal_ui=ui, stripe="x", has_sandbox=True
    )
    console = Console(file=io.StringIO(), force_terminal=False, width=60)
    show(System(where, None, {}, []), Path(".reprise"), console)  # type: ignore[arg-type] # no secret is shown
    console.file.seek(0)
    printed = console.file.read().splitlines()
    for what, link in links(ui).items():
        assert [line for line in printed if line.split() == [*what.split(), link]], what
