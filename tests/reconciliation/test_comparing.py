"""What differs between a record and Stripe, and what only looks as if it did: the pure part (R8, R21, R22, R28)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from reprise.reconciliation import comparing
from reprise.schemas.reconciliations import MAX_FINDINGS, Finding, FindingKind, ReconciliationReport
from reprise.statemachine import editions, machine
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import OpenAccount
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import CustomerRegistered, Paid
from reprise.statemachine.payments import OwedVoid
from reprise.stripe_api.facts import AccountAtStripe, CustomerFact, InvoiceFact

OPENED = datetime(2027, 1, 31, 10, tzinfo=UTC)
TERM_END = datetime(2027, 2, 28, 10, tzinfo=UTC)


def opened(*, edition: int = editions.NEWEST) -> Account:
    """An account whose first payment is being collected."""
    command = OpenAccount(
        account_id="shop", email="a@example.com", carts=3, plan=Plan(currency="usd", unit_amount=2500)
    )
    account = machine.open_account(command, OPENED, edition=edition, life="life").account
    return machine.take(account, CustomerRegistered(customer_id="cus_1"), OPENED).account


def paid(*, edition: int = editions.NEWEST) -> Account:
    return machine.take(
        opened(edition=edition), Paid(payment_key="shop:1", invoice_id="in_1", charged=7500), OPENED
    ).account


def invoice(number: int = 1, **changes: Any) -> InvoiceFact:
    fields = {
        "invoice_id": f"in_{number}",
        "customer_id": "cus_1",
        "account_id": "shop",
        "life": "life",
        "payment_key": f"shop:{number}",
        "status": "paid",
        "total": 7500,
        "currency": "usd",
        "created": OPENED,
        **changes,
    }
    return InvoiceFact.model_validate(fields)


def kinds(account: Account, *invoices: InvoiceFact, now: datetime = OPENED + timedelta(days=1)) -> list[FindingKind]:
    there = AccountAtStripe(customer=CustomerFact(customer_id="cus_1"), invoices=invoices)
    return [each.kind for each in comparing.of_account(account, there, now)]


def test_R22_a_paid_account_and_its_paid_invoice_are_the_same() -> None:
    """Also beside a void one of another payment."""
    assert kinds(paid(), invoice()) == []
    assert kinds(paid(), invoice(), invoice(2, status="void")) == []


def test_R8_an_attempt_under_way_finds_by_itself_what_it_has_paid() -> None:
    """Its invoice is no unknown money, open or paid; another payment's is."""
    for status in ("draft", "open", "paid"):
        assert kinds(opened(), invoice(status=status)) == []
    assert kinds(opened(), invoice(), invoice(7)) == [FindingKind.UNKNOWN_PAYMENT]


def test_R8_what_is_not_paid_or_is_another_sum() -> None:
    """Void at Stripe and paid in the record; a total or a currency that is not the quote's."""
    assert kinds(paid(), invoice(status="void")) == [FindingKind.MISSING_PAYMENT]
    assert kinds(paid()) == [FindingKind.MISSING_PAYMENT]
    assert kinds(paid(), invoice(total=7400)) == [FindingKind.AMOUNT_DIFFERS]
    assert kinds(paid(), invoice(currency="eur")) == [FindingKind.AMOUNT_DIFFERS]


def test_R21_an_invoice_that_is_owed_to_be_void_is_told_as_that() -> None:
    """Not as one that nobody waits for; without the debt it is."""
    owed = OwedVoid(payment_key="shop:2", invoice_id="in_2", since=OPENED, next_attempt_at=OPENED)
    account = paid().model_copy(update={"voids_owed": (owed,)})
    assert kinds(account, invoice(), invoice(2, status="open")) == [FindingKind.VOID_OWED]
    assert kinds(paid(), invoice(), invoice(2, status="open")) == [FindingKind.OPEN_INVOICE]


def test_R8_an_earlier_life_of_the_id_is_another_account() -> None:
    """Its invoices are not this one's; a void one is nobody's."""
    assert kinds(paid(), invoice(), invoice(2, life="earlier")) == [FindingKind.UNKNOWN_ACCOUNT]
    assert kinds(paid(), invoice(), invoice(2, life=None, status="void")) == []


def test_R28_a_record_of_the_first_edition_does_not_say_what_it_knows() -> None:
    """Only its latest payment is held against Stripe, as by the first edition's own rules."""
    account = paid(edition=editions.FIRST)
    assert kinds(account, invoice(life=account.life), invoice(2, life=account.life)) == []


def test_R16_access_that_goes_on_past_its_end_is_told() -> None:
    """An hour late, not earlier; a renewal under way is no fault."""
    account = paid()
    assert account.term is not None
    until = access_until(account)
    assert until is not None
    assert kinds(account, invoice(), now=until + comparing.LATE) == []
    assert kinds(account, invoice(), now=until + comparing.LATE + timedelta(seconds=1)) == [FindingKind.OVERDUE_ACCESS]
    renewing = machine.fire_due(account, TERM_END).account
    assert kinds(renewing, invoice(), now=until + timedelta(days=9)) == []


def test_R23_a_customer_that_is_not_there() -> None:
    """Deleted, unknown, or never registered within a day; of a closed account nobody is missed."""
    gone = AccountAtStripe(customer=CustomerFact(customer_id="cus_1", deleted=True), invoices=(invoice(),))
    nobody = AccountAtStripe(customer=None, invoices=(invoice(),))
    for there in (gone, nobody):
        assert [each.kind for each in comparing.of_account(paid(), there, OPENED)] == [FindingKind.MISSING_CUSTOMER]
        closed = paid().model_copy(update={"state": AccountState.CLOSED})
        assert comparing.of_account(closed, there, OPENED) == []
    unregistered = paid().model_copy(update={"customer_id": None})
    late = OPENED + comparing.UNREGISTERED + timedelta(seconds=1)
    assert kinds(unregistered, invoice(), now=OPENED + comparing.UNREGISTERED) == []
    assert kinds(unregistered, invoice(), now=late) == [FindingKind.MISSING_CUSTOMER]


def test_R22_a_report_counts_all_and_holds_the_first_thousand() -> None:
    """Whatever went wrong on however many accounts, the report stays one that Temporal keeps."""
    finding = Finding(kind=FindingKind.VOID_OWED, account_id="shop", subject="in_1", detail="x", hinted=True)
    report = ReconciliationReport(since=OPENED)
    for _ in range(3):
        report = report.with_page((finding,) * 500, accounts=50, objects=2)
    assert (report.accounts, report.objects, report.hinted, report.differences) == (150, 6, 1500, 1500)
    assert report.counts[FindingKind.VOID_OWED] == 1500
    assert len(report.findings) == MAX_FINDINGS
