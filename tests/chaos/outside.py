"""The chapters of accounts' lives in which things happen at Stripe: by a payer, a bank, or at the dashboard."""

from tests.chaos.dashboard import some_reason
from tests.chaos.lives import AccountLife, Chapter
from tests.chaos.scripts import BANKS, DECLINES, DISPUTED, GOOD, SOFT
from tests.reference import rules

CODES = ("lost_card", "stolen_card", "expired_card", "incorrect_number", "do_not_honor", "insufficient_funds")
ADVICE = (None, "do_not_try_again", "confirm_card_data", "try_again_later")

WATCHED_DAYS = 3
"""For how many days past its last an account whose payments stop is watched: a good day of it is forgiven."""


async def debit(life: AccountLife) -> None:
    """R21: renewed, or back, by a bank debit that takes days; somebody presses the button again meanwhile."""
    await life.card(life.rng.choice(BANKS))
    if life.rng.random() < 0.5:
        await life.do("cancel", {"when": "term_end"})
        await life.wait_for_deadline()
        await life.do("reactivate")
        await life.days_pass_whatever_happens(life.rng.uniform(0.01, 3))
        await life.do("reactivate")
    else:
        await life.wait_for_deadline()
    await life.do("cancel")  # refused, while it clears
    for _ in range(3):
        if life.payment_status == "processing":
            await life.wait_for_deadline()  # the account looks by itself, whatever became of webhooks
    await life.card(GOOD)
    await life.do("reactivate")


async def owes_on_balance(life: AccountLife) -> None:
    """E16: the customer owes something at Stripe, so the renewal stops; it is mended some hours later."""
    if not await _owes(life, 2000):
        return
    await life.wait_for_deadline()
    for _ in range(life.rng.randrange(3)):
        await life.wait_for_deadline()
    await _owes(life, 0)
    await life.wait_for_deadline()


async def _owes(life: AccountLife, amount: int) -> bool:
    """Put something onto the customer's balance, or (below zero) to their credit; say whether that was done."""
    customer = await life.customer()
    currency = life.script.opening["plan"]["currency"]
    return bool(customer) and await life.world.dashboard.set_balance(str(customer), currency, amount)


async def stopped_for_good(life: AccountLife) -> None:
    """R9: the same, and nobody mends it: service ends with the policy's days, and no later."""
    if not await _owes(life, 2000):
        return
    await life.wait_for_deadline()
    days = life.script.opening.get("policy", {}).get("stopped_days", rules.STOPPED_DAYS)
    for _ in range(2 * (days + WATCHED_DAYS)):
        if life.time_is_up or life.state != "past_due":
            break
        await life.days_pass_whatever_happens(0.5)
    await _owes(life, 0)
    await life.do("reactivate")


async def has_credit(life: AccountLife) -> None:
    """R8: a credit pays a part of the renewal, or all of it."""
    plan, carts = life.last_seen["plan"], life.last_seen["carts"]
    month = plan["unit_amount"] * carts
    await _owes(life, -life.rng.choice((month // 3, month, 2 * month)))
    await life.wait_for_deadline()


async def _fall_due(life: AccountLife) -> None:
    await life.card(DECLINES)
    await life.wait_for_deadline()
    await life.look()


async def voided_by_hand(life: AccountLife) -> None:
    """E18: past due, and somebody voids the invoice; a good card pays another one."""
    await _fall_due(life)
    if life.invoice and life.state == "past_due":
        await life.world.dashboard.void(life.invoice)
    if life.rng.random() < 0.5:
        await life.wait_for_deadline()
    await life.card(GOOD)
    await life.wait_for_deadline()


async def written_off(life: AccountLife) -> None:
    """R8: past due, and the invoice is marked uncollectible; it is paid all the same, if the card is good."""
    await _fall_due(life)
    if life.invoice and life.state == "past_due":
        await life.world.dashboard.write_off(life.invoice)
    await life.card(GOOD)
    await life.wait_for_deadline()


async def paid_out_of_band(life: AccountLife) -> None:
    """R22: past due, or out of service, and somebody puts down that the invoice was paid by transfer."""
    await _fall_due(life)
    if life.invoice and life.state == "past_due":
        await life.world.dashboard.take_as_paid(life.invoice)
    await life.wait_for_deadline()
    await life.card(GOOD)


async def pays_the_old_link(life: AccountLife) -> None:
    """R22, E20: cancelled in past_due while Stripe refuses the void; the payer pays by the old link, or does not.

    Some come back before: what is open is in the way of another payment, and may be paid after that was stopped. Some
    never come back, so that nothing but the account itself can see the money, or that the void is still owed.
    """
    await _fall_due(life)
    invoice = life.invoice
    if invoice is None or life.state != "past_due":
        await life.card(GOOD)
        return
    await life.world.dashboard.refuse_voids(invoice, life.rng.choice((400, 401, 403)), life.rng.choice((1, 4, 20, 20)))
    await life.do("cancel")
    if life.rng.random() < 0.5:
        await life.do("reactivate")
    if life.rng.random() < 0.7:
        await life.world.dashboard.pay_hosted(invoice, GOOD)
    await life.days_pass_whatever_happens(life.rng.uniform(0.05, 1))
    if life.rng.random() < 0.4:
        life.has_left = True
    else:
        await life.card(GOOD)
        await life.do("reactivate")


async def customer_deleted(life: AccountLife) -> None:
    """E22: the customer is deleted before the renewal; a new card pays."""
    customer = await life.customer()
    if customer:
        await life.world.dashboard.delete(customer)
    if life.rng.random() < 0.7:
        await life.wait_for_deadline()
    await life.card(GOOD)
    await life.wait_for_deadline()


async def refunded(life: AccountLife) -> None:
    """R24: the last payment is given back, whole or in part."""
    await life.look()
    charge = await life.world.dashboard.charge_of(life.invoice) if life.invoice else None
    if charge:
        await life.world.dashboard.refund(charge, life.rng.choice((None, 60, 100)))
    await life.think()


async def disputed(life: AccountLife) -> None:
    """R24: a payment is disputed; some accounts are held for it, and an operator lets them go."""
    if life.rng.random() < 0.4:
        await life.card(DISPUTED)
        await life.wait_for_deadline()
    else:
        await life.look()
        charge = await life.world.dashboard.charge_of(life.invoice) if life.invoice else None
        dispute = await life.world.dashboard.dispute(charge, some_reason(life.rng)) if charge else None
        await life.think()
        if dispute:
            await life.world.dashboard.end_dispute(dispute, life.rng.choice(("won", "lost")))
    await life.think()
    await life.card(GOOD)
    await life.do("enable")


async def card_is_lost(life: AccountLife) -> None:
    """R9, E19: a card goes bad, with or without the bank's advice; another one pays, or none."""
    how = {"decline_code": life.rng.choice(CODES)}
    if advice := life.rng.choice(ADVICE):
        how["advice_code"] = advice
    card = await life.world.dashboard.make_card(**how)
    if card is None:
        return
    await life.card(card)
    await life.wait_for_deadline()
    for _ in range(life.rng.randrange(4)):
        await life.wait_for_deadline()
    await life.card(GOOD)
    await life.wait_for_deadline()


async def soft_decline(life: AccountLife) -> None:
    """R10: the bank wants the payer to authenticate, and says so by a decline."""
    await life.do("cancel", {"when": "now"})
    await life.days_pass(40)
    await life.card(SOFT)
    await life.do("reactivate")
    await life.look()
    url = life.last_seen["payment"]["action_url"]
    if url and life.rng.random() < 0.7:
        await life.world.callers.visit("POST", url, data={"card": GOOD})
        await life.wait_for_deadline()
    await life.card(GOOD)
    await life.do("reactivate")


async def hand_made_invoice(life: AccountLife) -> None:
    """R8: things lie around on the customer that no payment may take up: an item, a discount, an invoice by hand."""
    customer = await life.customer()
    if customer is None:
        return
    currency = life.script.opening["plan"]["currency"]
    await life.world.dashboard.invoice_by_hand(customer, currency, 500)
    await life.world.dashboard.discount(customer, 50)
    await life.invoices()
    await life.wait_for_deadline()
    await life.world.dashboard.discount(customer, None)


CHAPTERS: dict[str, Chapter] = {
    each.__name__: each
    for each in (
        debit,
        owes_on_balance,
        stopped_for_good,
        has_credit,
        voided_by_hand,
        written_off,
        paid_out_of_band,
        pays_the_old_link,
        customer_deleted,
        refunded,
        disputed,
        card_is_lost,
        soft_decline,
        hand_made_invoice,
    )
}
