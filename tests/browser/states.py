"""Standings that tests in a browser begin with, each reached as it is in life; the gallery shows all of them."""

from tests.browser.shop import Shop

BANK_ACCOUNT = "pm_usBankAccount_success"
DEBITS = {"payment_methods": ["card", "us_bank_account"]}


async def in_service(shop: Shop) -> str:
    return await shop.open()


async def cancelled(shop: Shop) -> str:
    account = await shop.open()
    await shop.do(account, "cancel")
    return account


async def disabled(shop: Shop) -> str:
    account = await cancelled(shop)
    await shop.move(account)
    return account


async def past_due(shop: Shop) -> str:
    account = await shop.open()
    await shop.card(account, await shop.bad_card())
    await shop.move(account)
    await shop.until(account, state="past_due")
    return account


async def on_its_way(shop: Shop) -> str:
    account = await shop.open(paid_through="2026-01-01T00:00:00Z", payment_method=BANK_ACCOUNT, policy=DEBITS)
    await shop.do(account, "reactivate")
    return account


async def refused_for_good(shop: Shop) -> str:
    account = await shop.open()
    await shop.card(account, await shop.bad_card("lost_card"))
    await shop.move(account)
    await shop.until(account, state="past_due")
    return account
