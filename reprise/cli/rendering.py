"""How answers are shown to people: tables, instants in the local zone beside UTC, amounts with their currency.

A new kind of document is shown by a function registered with `shown`. Text that came from the API moves no cursor and
colours nothing.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any

from pydantic import BaseModel
from rich.console import Console, Group, RenderableType
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from reprise.cli.errors import CliError
from reprise.client import (
    Access,
    AccountCount,
    AccountView,
    ClientError,
    InvoiceList,
    PaymentMethodView,
    Problem,
    Quote,
    Timeline,
)
from reprise.local.terminal import printable
from reprise.schemas.api import PortalUrl
from reprise.statemachine.money import formatted
from reprise.statemachine.timeline import TimelineEntry

NOTHING = "–"
"""What stands where there is nothing to say."""

_WIDE = 10_000
"""Columns where nobody looks at a terminal: tables in pipes and files are neither cut nor folded."""

_KEPT_WHOLE = frozenset({"#", "account", "state", "sum", "carts", "accounts", "invoice", "status", "next"})
"""Columns that are read as one word: on a narrow terminal, others give way first."""

_OF_INSTANTS = frozenset({"when", "since", "next try", "term ends", "created"})
_INSTANT_WIDTH = len("2027-01-31")
"""Below this, an instant would be folded within its date."""

_IN_COLOUR = {
    "active": "green",
    "reactivated": "green",
    "cancelled": "yellow",
    "past_due": "red",
    "disabled": "red",
    "closed": "dim",
}


def console() -> Console:
    """Return where answers are printed; without colours where it is no terminal."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else _WIDE)


def show(renderable: RenderableType) -> None:
    """Print an answer; a line of text as it is, since a URL that is folded is none."""
    if isinstance(renderable, str | Text):
        print(renderable)
    else:
        console().print(renderable)


def say(sentence: str) -> None:
    """Say something to people, on standard error."""
    print(printable(sentence, lines=True), file=sys.stderr)


def text(value: object) -> Text:
    """Return a value as it can be shown, whoever wrote it."""
    return Text(NOTHING if value is None or value == "" else printable(str(value)))


def state(value: str | None) -> Text:
    """Return an account's state, in its colour."""
    return Text(printable(value or NOTHING), style=_IN_COLOUR.get(value or "", ""))


def when(moment: datetime | None) -> str:
    """Return an instant in the local time zone, and in UTC beside it."""
    if moment is None:
        return NOTHING
    local, utc = moment.astimezone(), moment.astimezone(UTC)
    if not local.utcoffset():
        return f"{utc:%Y-%m-%d %H:%M} UTC"
    beside = f"{utc:%H:%M}Z" if local.date() == utc.date() else f"{utc:%Y-%m-%d %H:%M}Z"
    return f"{local:%Y-%m-%d %H:%M %Z} ({beside})"


def money(amount: int | None, currency: str | None) -> str:
    """Return an amount in minor units with its currency."""
    return NOTHING if amount is None or currency is None else formatted(amount, currency)


def table(columns: Iterable[str], rows: Iterable[Iterable[Text | str | None]]) -> Table:
    """Return a table of rows under their names."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for each in columns:
        width = _INSTANT_WIDTH if each in _OF_INSTANTS else None
        made.add_column(each, overflow="fold", no_wrap=each in _KEPT_WHOLE, min_width=width)
    for row in rows:
        made.add_row(*(each if isinstance(each, Text) else text(each) for each in row))
    return made


def facts(rows: Iterable[tuple[str, Text | str | None]]) -> Table:
    """Return a table of what is known of one thing; what is None is left out."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="dim")
    made.add_column(overflow="fold")
    for name, value in rows:
        if value is not None:
            made.add_row(name, value if isinstance(value, Text) else text(value))
    return made


def plain(document: Any) -> Any:
    """Return a document as JSON values."""
    return document.model_dump(mode="json") if isinstance(document, BaseModel) else document


@singledispatch
def shown(document: Any) -> RenderableType:
    """Return a document as people are shown it: as JSON, where there is no better way."""
    return "Done." if document is None else JSON.from_data(plain(document), highlight=False)


@shown.register
def _(document: AccountView) -> RenderableType:
    payment, term = document.payment, document.term
    per_month = money(document.carts * document.plan.unit_amount, document.plan.currency)
    code = f" ({payment.decline_code})" if payment.decline_code else ""
    return facts(
        [
            ("account", document.account_id),
            ("state", _standing(document)),
            ("why", why(document)),
            ("stopped", _RESTORABLE.format(document.account_id) if document.restorable else None),
            ("price", f"{document.carts} × {money(document.plan.unit_amount, document.plan.currency)} = {per_month}"),
            ("term", f"{when(term.start)} – {when(term.end)}" if term else None),
            ("payment", payment.key and f"{money(payment.amount, payment.currency)} {payment.status}{code}"),
            ("invoice", payment.invoice_id),
            ("to confirm at", payment.action_url),
            ("next try", when(payment.next_attempt_at) if payment.next_attempt_at else None),
            ("next", f"{document.next.summary}, {when(document.next.at)}" if document.next else None),
            ("e-mail", document.email),
            ("opened", f"{when(document.opened_at)}, time zone {document.timezone}"),
        ]
    )


_RESTORABLE = "its workflow was ended from outside; commands wait for `reprise account restore {}`"


def _standing(account: AccountView) -> Text:
    service = "in service" if account.in_service else "out of service"
    renewal = ", renews" if account.renews else ", ends with its term" if account.in_service else ""
    return state(account.state) + Text(f", {service}{renewal}")


def why(account: AccountView) -> str | None:
    """Return why an account is past due or out of service; None while it is neither."""
    payment = account.payment
    reasons: list[str] = [account.disabled_reason] if account.disabled_reason else []
    if payment.decline_code and (account.is_past_due or account.is_out_of_service):
        reasons.append(payment.decline_code)
    if payment.awaits_payer:
        reasons.append("the payer has to confirm the payment")
    return ", ".join(reasons) or None


@shown.register
def _(document: Access) -> RenderableType:
    return facts(
        [
            ("access", "yes" if document.access else "no"),
            ("state", state(document.state)),
            ("until", when(document.until) if document.until else None),
            ("term ends", when(document.term_end) if document.term_end else None),
            ("grace until", when(document.grace_until) if document.grace_until else None),
        ]
    )


@shown.register
def _(document: Quote) -> RenderableType:
    lines = [
        (
            each.description,
            str(each.quantity),
            money(each.unit_amount, document.currency),
            money(each.amount, document.currency),
        )
        for each in document.lines
    ]
    due = facts(
        [
            ("to pay now", money(document.amount_due, document.currency) if document.amount_due else "nothing"),
            ("buys", f"{when(document.term.start)} – {when(document.term.end)}"),
        ]
    )
    return Group(table(("for", "quantity", "each", "amount"), lines), "", due) if lines else due


@shown.register
def _(document: AccountCount) -> RenderableType:
    rows: list[tuple[Text | str, str]] = [(state(name), str(number)) for name, number in document.by_state.items()]
    return table(("state", "accounts"), [*rows, ("all", str(document.count))])


@shown.register
def _(document: Timeline) -> RenderableType:
    rows = [
        (
            str(each.sequence),
            when(each.at),
            each.type.removeprefix("account."),
            _who(each),
            state(each.to_state),
            _what(each),
        )
        for each in document.timeline
    ]
    return table(("#", "when", "what", "who", "state", "details"), rows)


def _who(entry: TimelineEntry) -> str:
    return f"{entry.actor.kind} {entry.actor.id}" if entry.actor.id else str(entry.actor.kind)


def _what(entry: TimelineEntry) -> str:
    said = [
        money(entry.amount, entry.currency) if entry.amount is not None else None,
        entry.decline_code,
        None if entry.carts is None else f"{entry.carts} carts",
        entry.reason,
    ]
    return ", ".join(each for each in said if each)


@shown.register
def _(document: InvoiceList) -> RenderableType:
    rows = [
        (
            each.number or each.id,
            each.status,
            money(each.amount_due, each.currency),
            money(each.amount_paid, each.currency),
            when(each.created),
            each.hosted_invoice_url,
        )
        for each in document.invoices
    ]
    return table(("invoice", "status", "due", "paid", "created", "page"), rows)


@shown.register
def _(document: PaymentMethodView) -> RenderableType:
    expires = (
        f", expires {document.exp_month:02}/{document.exp_year}" if document.exp_month and document.exp_year else ""
    )
    return text(f"{document.brand or 'payment method'} •••• {document.last4 or '????'}{expires}")


@shown.register
def _(document: PortalUrl) -> RenderableType:
    return text(document.url)


def complaint(error: CliError | ClientError) -> str:
    """Return what is said of an error: a sentence, and the inputs at fault, a line each."""
    lines = [str(error)]
    if isinstance(error, Problem):
        lines += [f"  {each.field}: {each.message}" for each in error.errors]
        if error.quote is not None:
            lines.append(f"  It costs {money(error.quote.amount_due, error.quote.currency)} now.")
        if error.status >= 500 and error.request_id:
            lines.append(f"  The API's logs have it under {error.request_id}.")
    return "\n".join(lines)
