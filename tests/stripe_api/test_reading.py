"""R8, R10, R21–R23: what an invoice or a customer at Stripe says, whatever of it was read along."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from reprise.statemachine.outcomes import Invoice, InvoiceState
from reprise.statemachine.terms import Term
from reprise.stripe_api import reading

START, END = datetime(2026, 10, 1, 10, tzinfo=UTC), datetime(2026, 11, 1, 10, tzinfo=UTC)

FOUND = Invoice(
    payment_key="shop:1",
    invoice_id="in_1",
    state=InvoiceState.OPEN,
    amount=7500,
    currency="usd",
    charged=None,
    quantity=3,
    unit_amount=2500,
    period=Term(start=START, end=END),
)


def line(number: str | None = "0", **changes: Any) -> dict[str, Any]:
    return {
        "id": "il_1", "object": "line_item", "metadata": {} if number is None else {"line": number}, "quantity": 3,
        "period": {"start": int(START.timestamp()), "end": int(END.timestamp())},
        "pricing": {"unit_amount_decimal": "2500"}, **changes,
    }  # fmt: skip


def invoice(*intents: dict[str, Any], lines: tuple[dict[str, Any], ...] = (line(),), **changes: Any) -> stripe.Invoice:
    """An open invoice, read with these payment intents."""
    payments = [{"object": "invoice_payment", "payment": {"payment_intent": each}} for each in intents]
    whole = {
        "id": "in_1", "object": "invoice", "amount_due": 5500, "currency": "usd", "customer": "cus_1",
        "lines": {"object": "list", "data": list(lines), "has_more": False},
        "metadata": {"account_id": "shop", "life": "life-1", "payment_key": "shop:1"},
        "payments": {"object": "list", "data": payments, "has_more": False}, "status": "open", "total": 7500, **changes,
    }  # fmt: skip
    made = stripe.Invoice.construct_from(whole, "sk_test_reprise")
    assert isinstance(made, stripe.Invoice)
    return made


def intent(status: str, error: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": "pi_1", "object": "payment_intent", "status": status, "last_payment_error": error}


# ---------------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    ("marks", "ours"),
    [
        ({}, True),
        ({"payment_key": "shop:2"}, True),
        ({"account_id": "other"}, False),
        ({"life": "life-2"}, False),
        ({"life": None}, False),
        ({"payment_key": "shop:0"}, False),
        ({"payment_key": "shop"}, False),
        ({"payment_key": None}, False),
    ],
)
def test_R8_an_invoice_is_an_accounts_by_its_marks(marks: dict[str, str | None], ours: bool) -> None:
    """Its id, its life, and the number of a payment."""
    whole = {"account_id": "shop", "life": "life-1", "payment_key": "shop:1"} | marks
    given = invoice(metadata={name: value for name, value in whole.items() if value is not None})
    assert reading.is_ours(given, "shop", "life-1") is ours
    assert reading.key_of(given) == whole["payment_key"]
    assert reading.is_ours(given, "shop", None) is (marks == {"life": None}), "as accounts of 0.1.0 are"


# ---------------------------------------------------------------------- how it stands


@pytest.mark.parametrize(
    ("status", "intents", "state"),
    [
        ("paid", ["succeeded"], InvoiceState.PAID),
        ("void", ["processing"], InvoiceState.VOID),
        ("draft", [], InvoiceState.OPEN),
        ("uncollectible", [], InvoiceState.OPEN),
        (None, [], InvoiceState.OPEN),
        ("open", ["requires_payment_method"], InvoiceState.OPEN),
        ("open", ["requires_action"], InvoiceState.OPEN),
        ("open", ["canceled", "processing"], InvoiceState.PROCESSING),
        ("open", ["succeeded"], InvoiceState.PROCESSING),
        ("open", ["requires_capture"], InvoiceState.PROCESSING),
    ],
)
def test_R21_an_invoice_stands_as_its_money_does(status: str | None, intents: list[str], state: InvoiceState) -> None:
    """Paid and void are final; an open one whose money is on its way, or has come, is processing."""
    given = invoice(*map(intent, intents), status=status)
    assert reading.state_of(given) is state
    assert reading.is_unpaid(given) == (status not in {"paid", "void"})
    assert reading.charged_of(given) == (5500 if status == "paid" else None)
    assert reading.waits_for_payer(given) == ("requires_action" in intents)


def test_R9_an_open_invoice_says_why_its_last_charge_failed() -> None:
    """Whichever of its payment intents has failed."""
    assert reading.last_failure(invoice(intent("processing"))) is None
    failed = reading.last_failure(invoice(intent("canceled"), intent("requires_action", {"code": "card_declined"})))
    assert failed is not None
    assert failed.code == "card_declined"


@pytest.mark.parametrize("payments", [{"payment_intent": "pi_1"}, {"charge": "ch_1", "payment_intent": None}])
def test_R21_what_was_not_read_along_says_nothing(payments: dict[str, Any]) -> None:
    """Payment intents by their ids alone, or none."""
    tied = {"object": "list", "data": [{"object": "invoice_payment", "payment": payments}], "has_more": False}
    assert reading.intents_of(invoice(payments=tied)) == []
    bare = invoice()
    del bare["payments"]
    assert reading.intents_of(bare) == []


# ---------------------------------------------------------------------- what was bought


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, {}),
        ({"status": "paid"}, {"state": InvoiceState.PAID, "charged": 5500}),
        ({"metadata": {}}, {"payment_key": ""}),
        ({"lines": (line(None), line("1", quantity=7))}, {}),
        ({"lines": (line("1", quantity=7), line())}, {}),
        ({"lines": (line("1"), line("2", quantity=7))}, {}),
        ({"lines": ()}, {"quantity": None, "unit_amount": None, "period": None}),
        ({"lines": (line(pricing=None),)}, {"unit_amount": None}),
        ({"lines": (line(pricing={"unit_amount_decimal": None}),)}, {"unit_amount": None}),
        ({"lines": (line(pricing={"unit_amount_decimal": "12.5"}),)}, {"unit_amount": None}),
        ({"lines": (line(pricing={"unit_amount_decimal": "2500.000"}),)}, {}),
        ({"lines": (line(period={"start": 100, "end": 100}),)}, {"period": None}),
        ({"lines": (line(period={"start": 101, "end": 100}),)}, {"period": None}),
    ],
)
def test_R22_an_invoice_says_what_it_was_for(changes: dict[str, Any], found: dict[str, Any]) -> None:
    """The month's line, wherever it stands, else the first; made by hand, it may have no price, length or line."""
    assert reading.found_of(invoice(**changes)) == FOUND.model_copy(update=found)


# ---------------------------------------------------------------------- customers


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ({"default_payment_method": None}, None),
        ({"default_payment_method": "pm_1"}, "pm_1"),
        ({"default_payment_method": {"id": "pm_2", "object": "payment_method"}}, "pm_2"),
        (None, None),
    ],
)
def test_R23_an_invoice_shows_its_customer_where_that_was_read_along(settings: Any, method: str | None) -> None:
    """With its default method."""
    shown = {"id": "cus_1", "object": "customer", "invoice_settings": settings}
    customer = reading.customer_of(invoice(customer=shown))
    assert customer is not None
    assert (customer.id, reading.default_method(customer), reading.is_deleted(customer)) == ("cus_1", method, False)


def test_R23_a_customer_that_is_deleted_or_was_not_read_shows_nothing() -> None:
    """Stripe leaves no more of it than its id."""
    gone = reading.customer_of(invoice(customer={"id": "cus_1", "object": "customer", "deleted": True}))
    assert gone is not None
    assert (reading.is_deleted(gone), reading.default_method(gone)) == (True, None)
    assert reading.customer_of(invoice(customer="cus_1")) is None
    assert (reading.is_deleted(None), reading.default_method(None)) == (False, None)
