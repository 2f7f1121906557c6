"""The client at the real API: each operation, both kinds of it, and what they make of errors."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

import pytest

from reprise.client import (
    AccessLease,
    AccountExists,
    AccountNotFound,
    AccountView,
    AsyncClient,
    Client,
    CommandResult,
    IdempotencyKeyReused,
    InvalidRequest,
    NoPaymentMethod,
    OperatorRequired,
    PaymentDeclined,
    Plan,
    QuoteChanged,
    Unauthorized,
    Unreachable,
)
from tests.api_side import new_account, token

pytestmark = pytest.mark.usefixtures("worker")

PLAN = Plan(currency="usd", unit_amount=2500)
EMAIL = "owner@example.com"
CARD = "pm_card_visa"
DOCUMENT = Path(__file__).parents[2] / "docs" / "client.md"


@pytest.fixture
async def reprise(api_url: str) -> AsyncIterator[AsyncClient]:
    """An operator's client."""
    async with AsyncClient(api_url, token(scope="operator")) as client:
        yield client


def _id() -> str:
    return str(new_account()["account_id"])


async def test_R1_R3_R6_R7_a_life(reprise: AsyncClient) -> None:
    """Opened, cancelled at once, brought back free, disabled, enabled, closed: by typed methods."""
    account = _id()
    opened = await reprise.open_account(account, email=EMAIL, carts=3, plan=PLAN, payment_method=CARD)
    assert_type(opened, CommandResult)
    assert (opened.finished, opened.account.state, opened.account.payment.status) == (True, "active", "paid")
    cancelled = await reprise.cancel(account, when="now", feedback="unused", reason="Closed for the winter.")
    assert cancelled.account.state == "disabled"
    quote = await reprise.get_reactivation_quote(account)
    assert quote.amount_due == 0
    assert (await reprise.reactivate(account, expected_amount=0)).account.state == "reactivated"
    assert (await reprise.set_carts(account, 5)).account.carts == 5
    assert (await reprise.set_email(account, "new@example.com")).account.email == "new@example.com"
    assert (await reprise.set_payment_method(account, "pm_card_mastercard")).finished
    assert (
        await reprise.change_plan(account, {"currency": "usd", "unit_amount": 3000})
    ).account.plan.unit_amount == 3000
    assert opened.account.term is not None
    until = opened.account.term.end + timedelta(days=3)
    extended = (await reprise.extend_term(account, until=until)).account.term
    assert extended is not None
    assert extended.end == until
    assert (await reprise.disable(account, reason="ticket 4711")).account.disabled_reason == "operator"
    assert (await reprise.enable(account)).account.in_service
    access = await reprise.get_access(account)
    assert access.access
    assert access.term_end == until
    assert (await reprise.create_billing_portal(account, "https://example.com")).url.startswith("http")
    link = await reprise.create_portal_session(account, {"id": "u-1", "billing_access": True})
    assert "/portal/sign-in/" in link.url
    await reprise.revoke_portal_sessions(account, user="u-1")
    types = [each.type async for each in reprise.iter_timeline(account, limit=3)]
    assert types[-1] == "account.opened"
    assert len(types) == (await reprise.get_account(account)).sequence > 3
    assert [each.status for each in (await reprise.list_invoices(account)).invoices] == ["paid"]
    assert (await reprise.close_account(account)).account.is_closed


async def test_both_clients_do_the_same(reprise: AsyncClient, api_url: str) -> None:
    """One waits for answers, the other is awaited; the list goes from page to page."""
    account = _id()

    def blocking() -> tuple[AccountView, list[str], list[str]]:
        with Client(api_url, token(scope="operator")) as client:
            opened = client.open_account(account, email=EMAIL, carts=1, plan=PLAN, payment_method=CARD)
            assert_type(opened, CommandResult)
            seen = [each.type for each in client.iter_timeline(account, limit=1)]
            quick = client.with_options(timeout=20)
            assert (quick.options.timeout, client.options.timeout) == (20, 30.0)
            return (
                quick.get_account(account),
                seen,
                [each.account_id for each in client.list_accounts(limit=1).accounts],
            )

    view, seen, page = await asyncio.to_thread(blocking)
    assert view == await reprise.get_account(account)
    assert seen == [each.type for each in (await reprise.list_timeline(account)).timeline]
    assert len(seen) == 2
    assert len(page) <= 1


async def test_R14_a_repeat_under_the_same_key_is_the_same_command(reprise: AsyncClient) -> None:
    """And another command under it is refused."""
    account = _id()
    first = await reprise.open_account(account, email=EMAIL, carts=0, plan=PLAN, idempotency_key="open-" + account)
    again = await reprise.open_account(account, email=EMAIL, carts=0, plan=PLAN, idempotency_key="open-" + account)
    assert first.account == again.account
    with pytest.raises(AccountExists):
        await reprise.open_account(account, email=EMAIL, carts=0, plan=PLAN)
    await reprise.set_carts(account, 0, idempotency_key=f"key-{account}")
    with pytest.raises(IdempotencyKeyReused):
        await reprise.set_email(account, "other@example.com", idempotency_key=f"key-{account}")


async def test_problems_are_exceptions(reprise: AsyncClient, api_url: str) -> None:
    """Of their own class, with what the API says of them."""
    with pytest.raises(AccountNotFound):
        await reprise.get_account("nobody")
    with pytest.raises(InvalidRequest) as wrong:
        await reprise.open_account("shop", email="no", carts=-1, plan={"currency": "usd", "unit_amount": 1})
    assert {each.field for each in wrong.value.errors} >= {"email", "carts"}
    account = _id()
    opened = await reprise.open_account(
        account, email=EMAIL, carts=2, plan=PLAN, payment_method="pm_card_chargeCustomerFail"
    )
    assert (opened.finished, opened.account.state, opened.account.payment.failed) == (True, "disabled", True)
    with pytest.raises(PaymentDeclined) as declined:
        await reprise.reactivate(account)
    assert declined.value.decline_code
    assert declined.value.account is not None
    with pytest.raises(QuoteChanged) as changed:
        await reprise.reactivate(account, expected_amount=1)
    assert changed.value.quote is not None
    assert changed.value.quote.amount_due == 5000
    bare = _id()
    await reprise.open_account(bare, email=EMAIL, carts=2, plan=PLAN)
    with pytest.raises(NoPaymentMethod):
        await reprise.reactivate(bare)
    async with AsyncClient(api_url, token(account)) as owner:
        with pytest.raises(OperatorRequired):
            await owner.disable(account)
    async with AsyncClient(api_url, "nonsense") as nobody:
        with pytest.raises(Unauthorized):
            await nobody.get_account(account)


async def test_R10_a_payment_that_its_payer_has_to_confirm_is_not_finished(reprise: AsyncClient) -> None:
    """202: the account says where."""
    account = _id()
    paid_through = datetime.now(UTC) - timedelta(days=2)
    await reprise.open_account(
        account,
        email=EMAIL,
        carts=2,
        plan=PLAN,
        paid_through=paid_through,
        payment_method="pm_card_authenticationRequired",
    )
    result = await reprise.reactivate(account, expected_amount=5000)
    assert not result.finished
    assert result.account.payment.awaits_payer
    assert result.account.payment.action_url


async def test_commands_need_not_be_waited_for(reprise: AsyncClient) -> None:
    """`respond_async`: 202 at once, and it goes on by itself."""
    account = _id()
    await reprise.open_account(account, email=EMAIL, carts=0, plan=PLAN)
    result = await reprise.with_options(respond_async=True).set_carts(account, 0)
    assert not result.finished


async def test_R16_a_lease_at_the_API(reprise: AsyncClient) -> None:
    """Asked once; a client that reaches nothing answers by it, and without it raises."""
    account = _id()
    await reprise.open_account(account, email=EMAIL, carts=0, plan=PLAN)
    lease = AccessLease(account, refresh_after=timedelta())
    assert await reprise.has_access(lease)
    async with AsyncClient("http://127.0.0.1:1", retry_for=0) as away:
        assert await away.has_access(lease)
        with pytest.raises(Unreachable):
            await away.has_access(AccessLease(account))


async def test_the_example_of_the_documents_runs(reprise: AsyncClient, api_url: str) -> None:
    """As it stands in docs/client.md, at another address and for another account."""
    account = _id()
    block = DOCUMENT.read_text().split("```python\n")[1].split("```")[0]
    for written, here in (("https://billing.example.com", api_url), ("shop-42", account)):
        assert written in block
        block = block.replace(written, here)
    await asyncio.to_thread(exec, block, {"token": token(scope="operator")})
    entries = [each.type async for each in reprise.iter_timeline(account)]
    assert entries == ["account.resumed", "account.cancelled", "account.activated", "account.opened"]
