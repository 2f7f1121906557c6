"""What each page shows of a situation: a template, and what stands in it. Nothing is asked of anybody here.

The routes show situations that are real, the gallery those that it has made up.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reprise.accounts.audiences import for_owner
from reprise.portal import history as told
from reprise.portal import money, words
from reprise.portal.declines import told_of
from reprise.portal.localized import LocalFormat
from reprise.portal.notices import notice_of
from reprise.portal.situation import Situation
from reprise.schemas.invoices import InvoiceList
from reprise.statemachine.commands import Feedback
from reprise.statemachine.refusals import Refused

Values = dict[str, Any]

MOST_CARTS: Final = 10_000
NO_CARTS: Final = "Carts must be a whole number from 0 to 10,000. Nothing was changed."
NO_SUM: Final = "So many carts come to a sum that cannot be charged. Choose another number. Nothing was changed."
NO_EMAIL: Final = "The e-mail must be an e-mail address such as billing@example.com. Nothing was changed."


@dataclass(frozen=True)
class Content:
    """A page: its template, what stands in it, and the status of its answer."""

    template: str
    values: Values
    status: int = 200


@dataclass(frozen=True)
class Wrong:
    """What was wrong in a form: a sentence for each field, and what was typed, to stand there again."""

    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


def _of(seen: Situation, local: LocalFormat, notice: str | None = None, **values: Any) -> Values:
    return {
        "seen": seen,
        "local": local,
        "account": seen.account,
        "outlook": seen.outlook,
        "quote": seen.quote,
        "card": seen.card,
        "standing": words.standing(seen, local),
        "amount": money.amount_of(seen.account, local),
        "change": money.change_ahead(seen, local),
        "notice": notice_of(notice, seen, local),
        "key": str(uuid.uuid4()),
        **values,
    }


def overview(seen: Situation, local: LocalFormat, notice: str | None = None) -> Content:
    """Profile & Billing: how the account stands, what can be done next, what was paid and what comes."""
    local = local.at(seen.now)
    last, just = seen.outlook.last_payment, seen.outlook.just_paid
    values = _of(
        seen,
        local,
        notice,
        price=money.price(seen.account, local),
        paid_for=money.is_paid_for(seen),
        expiring=money.expiry_warning(seen, local),
        last_payment=last and money.paid_with(last, seen, local),
        just_paid=just and money.paid_with(just, seen, local),
    )
    return Content("overview.html", values)


def subscription(seen: Situation, local: LocalFormat, notice: str | None = None, wrong: Wrong | None = None) -> Content:
    """Manage Subscription: carts, billing information, cancelling."""
    local = local.at(seen.now)
    values = _of(
        seen,
        local,
        notice,
        key_of_email=str(uuid.uuid4()),
        key_of_undo=str(uuid.uuid4()),
        wrong=wrong or Wrong(),
        costs=money.from_when(seen, local),
    )
    return Content("subscription.html", values, 422 if wrong else 200)


def carts_preview(seen: Situation, local: LocalFormat, typed: str) -> Content:
    """What another number of carts would cost, and from when, or why it cannot be."""
    local = local.at(seen.now)
    carts = carts_of(typed)
    try:
        costs = local.text(NO_CARTS) if carts is None else money.from_when(seen.with_carts(carts), local)
    except Refused:
        costs = local.text(NO_SUM)
    return Content("costs.html", {"costs": costs})


def carts_of(typed: str) -> int | None:
    """Return the number of carts that a form holds, written with digits alone; None for anything else (R1, R20)."""
    return int(typed) if re.fullmatch(r"[0-9]{1,12}", typed) and int(typed) <= MOST_CARTS else None


def cancelling(seen: Situation, local: LocalFormat, notice: str | None = None, *, at_once: bool = False) -> Content:
    """What cancelling does and when, before it is done (R3)."""
    local = local.at(seen.now)
    account = seen.account
    values = _of(
        seen,
        local,
        notice,
        at_once=at_once or account.may_resume or account.cancels_at_once,
        days=money.days_given_up(seen),
        feedback=_feedback(local),
        key_now=str(uuid.uuid4()),
    )
    return Content("cancel.html", values)


def _feedback(local: LocalFormat) -> list[tuple[str, str]]:
    """Return the reasons that one may choose (R3), in words."""
    said: dict[Feedback, str] = {
        "too_expensive": local.text("It is too expensive"),
        "missing_features": local.text("Something that I need is missing"),
        "switched_service": local.text("I use another service now"),
        "unused": local.text("I do not use it enough"),
        "customer_service": local.text("The customer service"),
        "too_complex": local.text("It is too complicated"),
        "low_quality": local.text("The quality"),
        "other": local.text("Another reason"),
    }
    return list(said.items())


def reactivation(
    seen: Situation, local: LocalFormat, notice: str | None = None, *, problem: str | None = None, status: int = 200
) -> Content:
    """The page of a reactivation, wherever it stands: quote, under way, to be confirmed, done (R6, R7)."""
    local = local.at(seen.now)
    account, comes_back = seen.account, seen.account.is_out_of_service
    renewal = seen.outlook.failed_renewal
    just = seen.outlook.just_paid
    values = _of(
        seen,
        local,
        notice,
        under_way=comes_back and account.payment.collecting,
        on_its_way=comes_back and account.payment.clearing,
        to_confirm=account.may_cancel_payment,
        declined=told_of(account.payment.decline_code) if account.failed_to_return and not renewal else None,
        failed_renewal=words.failed_renewal(seen, local) if renewal else None,
        just_paid=just and money.paid_with(just, seen, local),
        problem=problem,
    )
    return Content("reactivate.html", values, status)


def invoices(seen: Situation, local: LocalFormat, shown: InvoiceList) -> Content:
    """The invoices, newest first."""
    return Content(
        "invoices.html",
        _of(seen, local, invoices=shown.invoices, following=shown.next_cursor),
    )


def history(seen: Situation, local: LocalFormat, user_id: str) -> Content:
    """What happened to the account, newest first (R17)."""
    entries: Sequence[told.Told] = told.history(for_owner(seen.record.timeline, user_id), seen, user_id, local)
    return Content("history.html", _of(seen, local, entries=entries))
