"""The worked examples E1 to E12 on real servers; amounts are read from Stripe's side."""

import asyncio

from reprise.statemachine.commands import Cancel, Reactivate, SetCarts
from reprise.statemachine.money import Plan
from tests.workflows.examples import cancelled, past_due
from tests.workflows.world import World, utc


async def test_E1_terms_keep_the_anchor_and_each_is_charged_once(world: World) -> None:
    """Opened on 31 January: 28 February, 31 March, 30 April, 31 May, each 7500."""
    account = await world.open()
    assert account.state == "active"
    assert account.term is not None
    assert account.term.end == utc("2027-02-28T10:00")
    assert world.charged() == [7500]
    for number, (day, end) in enumerate(
        [("2027-02-28", "2027-03-31"), ("2027-03-31", "2027-04-30"), ("2027-04-30", "2027-05-31")], start=2
    ):
        await world.at(f"{day}T10:00:01")
        account = await world.see()
        assert account.state == "active"
        assert account.term is not None
        assert account.term.end == utc(f"{end}T10:00")
        assert world.charged() == [7500] * number


async def test_E2_a_cancelled_account_works_to_its_terms_end_and_is_not_charged_again(world: World) -> None:
    """Service to 28 February 10:00, then disabled; 7500 in all."""
    await cancelled(world)
    await world.at("2027-02-28T09:59:50")
    account = await world.see()
    assert (account.state, account.in_service) == ("cancelled", True)
    await world.at("2027-02-28T10:00:01")
    account = await world.see()
    assert (account.state, account.disabled_reason) == ("disabled", "cancelled")
    await world.at("2027-06-01T10:00")
    assert world.charged() == [7500]


async def test_E3_a_change_of_mind_within_the_term_costs_nothing(world: World) -> None:
    """Reactivated on 20 February: active, no charge, renews on 28 February."""
    await cancelled(world)
    await world.at("2027-02-20T10:00")
    assert (await world.do(Reactivate())).account.state == "active"
    assert world.charged() == [7500]
    await world.at("2027-02-28T10:00:01")
    assert (await world.see()).state == "active"
    assert world.charged() == [7500, 7500]


async def test_E4_coming_back_after_the_term_costs_the_upfront_payment(world: World) -> None:
    """Five carts on 15 April: quote and charge 12500, term to 15 May, renewed then."""
    await cancelled(world)
    await world.at("2027-03-05T10:00")
    await world.do(SetCarts(carts=5))
    await world.at("2027-04-15T12:00")
    quote = (await world.quote()).quote
    assert quote is not None
    assert quote.amount_due == 12500
    account = (await world.do(Reactivate(expected_amount=quote.amount_due))).account
    assert account.state == "reactivated"
    assert account.term is not None
    assert (account.term.start, account.term.end) == (utc("2027-04-15T12:00"), utc("2027-05-15T12:00"))
    assert world.charged() == [7500, 12500]
    invoice = world.invoices()[-1]
    line = invoice["lines"]["data"][0]
    assert (line["quantity"], line["pricing"]["unit_amount_decimal"]) == (5, "2500")
    assert line["period"] == {
        "start": utc("2027-04-15T12:00").timestamp(),
        "end": utc("2027-05-15T12:00").timestamp(),
    }
    await world.at("2027-05-15T12:00:01")
    assert (await world.see()).state == "active"
    assert world.charged() == [7500, 12500, 12500]


async def test_E5_cancelled_at_once_the_rest_of_the_term_stays_the_accounts(world: World) -> None:
    """Disabled on 10 February, back free on the 20th, the term still ends on the 28th."""
    await world.open()
    await world.at("2027-02-10T10:00")
    account = (await world.do(Cancel(when="now"))).account
    assert (account.state, account.disabled_reason) == ("disabled", "cancelled")
    await world.at("2027-02-20T10:00")
    account = (await world.do(Reactivate())).account
    assert account.state == "reactivated"
    assert account.term is not None
    assert account.term.end == utc("2027-02-28T10:00")
    assert world.charged() == [7500]


async def test_E6_a_declined_card_leaves_it_disabled_and_a_good_one_charges_once(world: World) -> None:
    """Declined with its code; nothing paid; the second try charges 12500 once."""
    await cancelled(world)
    await world.at("2027-03-05T10:00")
    await world.do(SetCarts(carts=5))
    await world.card(world.stripe.payment_method(decline_code="insufficient_funds"))
    await world.at("2027-04-15T12:00")
    account = (await world.do(Reactivate())).account
    assert (account.state, account.payment.status) == ("disabled", "declined")
    assert account.payment.decline_code == "insufficient_funds"
    assert world.charged() == [7500]
    await world.card("pm_card_visa")
    assert (await world.do(Reactivate())).account.state == "reactivated"
    assert world.charged() == [7500, 12500]
    assert [each["status"] for each in world.invoices()] == ["paid", "void", "paid"]


async def test_E7_retries_on_days_1_3_5_7_then_disabled_and_the_invoice_void(world: World) -> None:
    """Past due on 28 February; tries on 1, 3, 5 and 7 March at 10:00."""
    await past_due(world)
    account = await world.see()
    assert (account.state, account.in_service) == ("past_due", True)
    for day in ("01", "03", "05", "07"):
        assert (await world.see()).payment.next_attempt_at == utc(f"2027-03-{day}T10:00")
        await world.at(f"2027-03-{day}T10:00:01")
    account = await world.until("disabled")
    assert account.disabled_reason == "payment_failed"
    assert account.payment.next_attempt_at is None
    failed = [each.at for each in await world.timeline() if each.type == "account.payment_declined"]
    assert failed == [utc(f"2027-03-{day}T10:00") for day in ("01", "03", "05", "07")]
    await world.at("2027-04-20T10:00")
    assert world.charged() == [7500]
    assert [each["status"] for each in world.invoices()] == ["paid", "void"]


async def test_E8_a_new_card_is_collected_at_once_and_the_term_follows_without_a_gap(world: World) -> None:
    """Card replaced on 4 March: paid 7500 at once; term 28 February to 31 March."""
    await past_due(world)
    await world.at("2027-03-04T09:00")
    account = (await world.card("pm_card_visa")).account
    assert account.state == "active"
    assert account.term is not None
    assert (account.term.start, account.term.end) == (utc("2027-02-28T10:00"), utc("2027-03-31T10:00"))
    assert world.charged() == [7500, 7500]
    assert [each["status"] for each in world.invoices()] == ["paid", "paid"]


async def test_E9_cancelled_while_past_due_ends_at_once_and_voids_the_invoice(world: World) -> None:
    """Disabled on 2 March; no more tries."""
    await past_due(world)
    await world.at("2027-03-02T10:00")
    account = (await world.do(Cancel())).account
    assert (account.state, account.disabled_reason) == ("disabled", "cancelled")
    assert [each["status"] for each in world.invoices()] == ["paid", "void"]
    attempts = world.invoices()[-1]["attempt_count"]
    await world.at("2027-03-20T10:00")
    assert world.invoices()[-1]["attempt_count"] == attempts
    assert world.charged() == [7500]


async def test_E11_yen_are_yen(world: World) -> None:
    """JPY 500 and four carts in Asia/Tokyo: 2000 yen."""
    account = await world.open(carts=4, plan=Plan(currency="JPY", unit_amount=500), timezone="Asia/Tokyo")
    assert account.state == "active"
    assert world.charged() == [2000]
    assert world.invoices()[0]["currency"] == "jpy"


async def test_E12_two_people_press_reactivate_at_the_same_moment(world: World) -> None:
    """One invoice, one charge, both see reactivated."""
    await cancelled(world)
    await world.at("2027-04-15T12:00")
    answers = await asyncio.gather(world.do(Reactivate()), world.do(Reactivate()))
    assert [each.account.state for each in answers] == ["reactivated", "reactivated"]
    assert world.charged() == [7500, 7500]
    assert len(world.invoices()) == 2
