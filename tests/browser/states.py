"""Every state that an account's pages can show, each reached as it is in life."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from tests.browser.shop import Shop

PAGES = {
    "overview": "",
    "subscription": "/subscription",
    "cancel": "/cancel",
    "reactivate": "/reactivate",
    "invoices": "/invoices",
    "history": "/history",
}
BANK_ACCOUNT = "pm_usBankAccount_success"
DEBITS = {"payment_methods": ["card", "us_bank_account"]}


async def in_service(shop: Shop) -> str:
    return await shop.open()


async def in_service_free(shop: Shop) -> str:
    return await shop.open(carts=0)


async def cancelled(shop: Shop) -> str:
    account = await shop.open()
    await shop.do(account, "cancel")
    return account


async def disabled(shop: Shop) -> str:
    account = await cancelled(shop)
    await shop.move(account)
    return account


async def disabled_within_the_term(shop: Shop) -> str:
    account = await shop.open()
    await shop.do(account, "cancel", {"when": "now"})
    return account


async def reactivated_in_yen(shop: Shop) -> str:
    account = await shop.open(plan={"currency": "jpy", "unit_amount": 500}, timezone="Asia/Tokyo", carts=4)
    await shop.do(account, "cancel")
    await shop.move(account)
    await shop.do(account, "reactivate")
    return account


async def past_due(shop: Shop) -> str:
    account = await shop.open()
    await shop.card(account, await shop.bad_card())
    await shop.move(account)
    await shop.until(account, state="past_due")
    return account


async def past_due_to_confirm(shop: Shop) -> str:
    account = await shop.open()
    await shop.card(account, "pm_card_authenticationRequired")
    await shop.move(account)
    await shop.until(account, state="past_due")
    return account


async def payment_failed(shop: Shop) -> str:
    account = await past_due(shop)
    end = datetime.fromisoformat((await shop.account(account))["term"]["end"])
    await shop.move(account, end + timedelta(days=8))
    await shop.until(account, state="disabled")
    return account


async def declined(shop: Shop) -> str:
    account = await disabled(shop)
    await shop.card(account, await shop.bad_card())
    await shop.do(account, "reactivate")
    return account


async def without_a_card(shop: Shop) -> str:
    account = await shop.open(payment_method=None, paid_through="2026-01-01T00:00:00Z")
    await shop.do(account, "reactivate")
    return account


async def to_confirm(shop: Shop) -> str:
    account = await disabled(shop)
    await shop.card(account, "pm_card_authenticationRequired")
    await shop.do(account, "reactivate")
    return account


async def on_its_way(shop: Shop) -> str:
    account = await shop.open(paid_through="2026-01-01T00:00:00Z", payment_method=BANK_ACCOUNT, policy=DEBITS)
    await shop.do(account, "reactivate")
    return account


async def renewal_on_its_way(shop: Shop) -> str:
    account = await shop.open(policy=DEBITS)
    await shop.card(account, BANK_ACCOUNT)
    await shop.move(account)
    await shop.until_payment(account, "processing")
    return account


async def refused_for_good(shop: Shop) -> str:
    account = await shop.open()
    await shop.card(account, await shop.bad_card("lost_card"))
    await shop.move(account)
    await shop.until(account, state="past_due")
    return account


async def first_payment_failed(shop: Shop) -> str:
    return await shop.open(payment_method=await shop.bad_card())


async def disabled_by_operator(shop: Shop) -> str:
    account = await shop.open()
    await shop.do(account, "disable", {"reason": "chargeback"})
    return account


async def closed(shop: Shop) -> str:
    account = await shop.open()
    await shop.do(account, "close")
    return account


async def opened_elsewhere(shop: Shop) -> str:
    return await shop.open(paid_through=(datetime.now(UTC) + timedelta(days=20)).isoformat(timespec="seconds"))


STATES: dict[str, Callable[[Shop], Awaitable[str]]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        in_service,
        in_service_free,
        opened_elsewhere,
        cancelled,
        disabled,
        disabled_within_the_term,
        declined,
        without_a_card,
        to_confirm,
        reactivated_in_yen,
        past_due,
        past_due_to_confirm,
        refused_for_good,
        on_its_way,
        renewal_on_its_way,
        payment_failed,
        first_payment_failed,
        disabled_by_operator,
        closed,
    )
}
