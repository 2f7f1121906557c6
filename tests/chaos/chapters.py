"""The chapters of accounts' lives in which people do things with Reprise; the others are in `outside.py`."""

import asyncio

from tests.chaos import outside
from tests.chaos.client import Json
from tests.chaos.lives import AccountLife, Chapter, deadline_of
from tests.chaos.scripts import AUTHENTICATES, DECLINES, GOOD, REFUSED_DOMAIN


async def renew(life: AccountLife) -> None:
    """R5: terms end, renewals are collected; now and then with other carts, set before or meanwhile."""
    if life.rng.random() < 0.3:
        await life.set_carts()
    for _ in range(life.rng.randint(6, 11)):
        if life.rng.random() < 0.1:
            await asyncio.gather(life.wait_for_deadline(), life.set_carts())
        else:
            await life.wait_for_deadline()


async def change_mind(life: AccountLife) -> None:
    """R4: cancelled, and taken back within the term; sometimes both at once."""
    if life.rng.random() < 0.3:
        await asyncio.gather(life.do("cancel"), life.do("reactivate"))
    else:
        await life.do("cancel", {"feedback": life.rng.choice(("unused", "too_expensive"))})
        await life.do("reactivate")


async def lapse_and_return(life: AccountLife) -> None:
    """R3, R5, R6: cancelled, run out, and back for the upfront payment; two people may press the button."""
    await life.do("cancel", {"when": "term_end"})
    await life.wait_for_deadline()
    await life.days_pass(life.rng.uniform(0.5, 40))
    await life.set_carts()
    body = await _quoted(life) if life.rng.random() < 0.4 else {}
    if life.rng.random() < 0.3:
        await asyncio.gather(life.do("reactivate", body), life.do("reactivate", body), life.set_carts())
    else:
        await life.do("reactivate", body)


async def _quoted(life: AccountLife) -> Json:
    quote = await life.world.callers.look(life.account_id, "/reactivation-quote")
    return {"expected_amount": quote["amount_due"]} if quote else {}


async def leave_now_and_return(life: AccountLife) -> None:
    """R3, R6: out at once, and back within the term for nothing."""
    await life.do("cancel", {"when": "now", "reason": "too dear"})
    await life.days_pass(life.rng.uniform(0.1, 3))
    await life.do("reactivate")


async def cancel_twice(life: AccountLife) -> None:
    """E24: cancelled, again, and then at once."""
    await life.do("cancel")
    await life.do("cancel", {"when": "term_end"})
    await life.do("cancel", {"when": "now"})
    await life.do("reactivate")


async def past_due_and_mended(life: AccountLife) -> None:
    """R9: the renewal fails, and is paid at once with another card, or at the next retry."""
    await fall_due(life)
    await life.card(GOOD)
    await life.wait_for_deadline()


async def fall_due(life: AccountLife) -> None:
    """Let a renewal fail, and some of its retries."""
    await life.card(life.rng.choice((DECLINES, AUTHENTICATES)))
    await life.wait_for_deadline()
    for _ in range(life.rng.randrange(3)):
        await life.wait_for_deadline()


async def past_due_and_given_up(life: AccountLife) -> None:
    """R9, R12: all retries fail; out of service; back with a bad card, then with a good one."""
    await fall_due(life)
    for _ in range(4):
        if life.state == "past_due":
            await life.wait_for_deadline()
    await life.do("reactivate")
    await life.card(GOOD)
    await life.do("reactivate")


async def past_due_and_cancelled(life: AccountLife) -> None:
    """R3: the renewal fails, and the owner leaves: nothing stays open."""
    await fall_due(life)
    await life.do("cancel")
    await life.card(GOOD)
    await life.do("reactivate")


async def authenticate(life: AccountLife) -> None:
    """R10: the payer must act; does so, or calls it off, or changes the card, or lets the time run out."""
    await life.do("cancel", {"when": "term_end"})
    await life.wait_for_deadline()
    await life.card(AUTHENTICATES)
    await life.do("reactivate")
    ending = life.rng.choice((authenticate_by_hand, _call_off, _use_another, _let_expire))
    await ending(life)
    await life.card(GOOD)
    await life.do("reactivate")


async def authenticate_by_hand(life: AccountLife) -> None:
    """Pay where the account says that the payer must act."""
    url = (await life.look())["payment"]["action_url"]
    if url:
        await life.world.callers.visit("POST", url, data={"card": GOOD})
    await life.wait_for_deadline()  # if no webhook comes, the account looks by itself


async def _call_off(life: AccountLife) -> None:
    await life.do("cancel")


async def _use_another(life: AccountLife) -> None:
    await life.card(life.rng.choice((GOOD, DECLINES)))


async def _let_expire(life: AccountLife) -> None:
    for _ in range(5):
        await life.wait_for_deadline()


async def operator(life: AccountLife) -> None:
    """R13: an operator steps in."""
    unit = 103 + 10 * len(life.world.callers.of(life.account_id))  # one that it never had, so that each can be told
    currency = life.script.opening["plan"]["currency"]
    await life.do("plan", {"plan": {"currency": currency, "unit_amount": unit}})
    if life.rng.random() < 0.5:
        await life.do("extend", {"days": life.rng.randint(1, 20)})
    await life.do("disable", {"reason": "a check"})
    await life.do("reactivate")
    await life.do("enable")


async def operator_in_past_due(life: AccountLife) -> None:
    """R13: held and let go while a renewal is owed, or given days as goodwill."""
    await fall_due(life)
    if life.rng.random() < 0.5:
        await life.do("disable", {"reason": "a check"})
        await life.days_pass(life.rng.uniform(0.1, 3))
        await life.do("enable")
    else:
        await life.do("extend", {"days": life.rng.randint(1, 20)})
    await life.card(GOOD)
    await life.wait_for_deadline()


async def carts_at_once(life: AccountLife) -> None:
    """R11, R14: several people set the carts at the same moment."""
    await life.at_once([("carts", life.carts_change()) for _ in range(5)], within=0)


async def emails(life: AccountLife) -> None:
    """R1, R26: other billing e-mails, of which Stripe does not take each."""
    number = len(life.world.callers.of(life.account_id))
    await life.do("email", {"email": f"{life.account_id}.{number}@example.com"})
    await life.do("email", {"email": f"{life.account_id}.{number}@{REFUSED_DOMAIN}"})


async def old_commands_again(life: AccountLife) -> None:
    """R14."""
    await life.old_commands_again()


async def renewal_storm(life: AccountLife) -> None:
    """Eight cart changes at the moment of the renewal, and so of the continue-as-new."""
    deadline = deadline_of(await life.look())
    if deadline is None or life.time_is_up:
        return
    await life.world.clocks.move(life.account_id, deadline)
    await life.at_once([("carts", life.carts_change()) for _ in range(8)], within=2.5)
    await life.old_commands_again()


async def come_once(life: AccountLife) -> None:
    """R1: opened, asked to come back where that came to nothing, and left alone from then on."""
    await life.do("reactivate")
    life.has_left = True


async def close_in_a_storm(life: AccountLife) -> None:
    """R13: closed, beside eight cart changes at once."""
    life.before_closing = await life.timeline()
    await life.at_once([("close", {}), *(("carts", life.carts_change()) for _ in range(8))], within=0.1)


CHAPTERS: dict[str, Chapter] = {
    each.__name__: each
    for each in (
        renew,
        change_mind,
        lapse_and_return,
        leave_now_and_return,
        cancel_twice,
        past_due_and_mended,
        past_due_and_given_up,
        past_due_and_cancelled,
        authenticate,
        operator,
        operator_in_past_due,
        carts_at_once,
        emails,
        old_commands_again,
        renewal_storm,
        come_once,
        close_in_a_storm,
    )
} | outside.CHAPTERS
