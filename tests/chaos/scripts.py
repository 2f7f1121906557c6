"""The scripts of accounts' lives, drawn from a seed: how each opens, and which chapters it has."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.chaos.draws import seeded

Json = dict[str, Any]

CHAPTERS = 7
"""How many chapters a life has; so few that its whole timeline stays with the account (R17)."""

GOOD, DECLINES, AUTHENTICATES = "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"
SOFT = "pm_card_authenticationRequiredOnSetup"
"""Declines off-session, with `authentication_required`."""

DISPUTED = "pm_card_createDispute"
BANKS = (
    "pm_usBankAccount_success",
    "pm_usBankAccount_success",
    "pm_usBankAccount_insufficientFunds",
    "pm_usBankAccount_accountClosed",
    "pm_usBankAccount_processing",
)
REFUSED_DOMAIN = "shop.c"
"""An e-mail there passes every check that asks nobody, and Stripe does not take it."""


@dataclass(frozen=True)
class Life:
    """One account's script: how it opens, and its chapters, each with the numbers that it draws its choices from."""

    account_id: str
    opening: Json
    chapters: tuple[tuple[str, int], ...]


CHAPTERS_AND_WEIGHTS = {
    # what people do
    "renew": 72,
    "change_mind": 8,
    "lapse_and_return": 18,
    "leave_now_and_return": 7,
    "cancel_twice": 4,
    "past_due_and_mended": 10,
    "past_due_and_given_up": 6,
    "past_due_and_cancelled": 4,
    "authenticate": 8,
    "operator": 7,
    "operator_in_past_due": 5,
    "carts_at_once": 6,
    "emails": 4,
    "old_commands_again": 8,
    "renewal_storm": 6,
    # what happens at Stripe
    "owes_on_balance": 5,
    "stopped_for_good": 3,
    "has_credit": 5,
    "voided_by_hand": 6,
    "written_off": 4,
    "paid_out_of_band": 6,
    "pays_the_old_link": 6,
    "customer_deleted": 6,
    "refunded": 4,
    "disputed": 4,
    "card_is_lost": 6,
    "soft_decline": 5,
    "hand_made_invoice": 4,
    "debit": 4,
    # only in runs that are about it: it ends a life before anything has happened to it
    "come_once": 0,
}

DEBITS = 30
"""The weight of the chapter `debit` in lives that may pay by one."""

FAVOURED = 200
"""The weight of a chapter that a run is about."""


def life(seed: int, slot: int, number: int, favoured: Iterable[str] = ()) -> Life:
    """Return the script of a slot's n-th account."""
    return _life(seeded(f"{seed}:life:{slot}:{number}"), f"c{slot}-{number}", favoured)


def _life(rng: random.Random, account_id: str, favoured: Iterable[str]) -> Life:
    currency, unit = rng.choice((("usd", 2500), ("eur", 1990), ("jpy", 500), ("usd", 1)))
    zone = rng.choice(("UTC", "UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York"))
    card = rng.choices((GOOD, DECLINES, AUTHENTICATES, SOFT, None), weights=(78, 8, 6, 4, 6))[0]
    weights = dict(CHAPTERS_AND_WEIGHTS)
    policy: Json = {}
    if rng.random() < 0.15:
        policy |= {"retry_days": [2, 4], "debt": "collect"}
    if rng.random() < 0.2 or "stopped_for_good" in favoured:  # with fewer days, more lives see the end of them
        policy["stopped_days"] = rng.choice((1, 3))
    if rng.random() < 0.2:
        policy["on_dispute"] = "disable"
    if currency == "usd" and rng.random() < 0.3:  # bank debits there are in dollars only
        policy["payment_methods"] = ["card", "us_bank_account"]
        weights["debit"] = DEBITS
        card = rng.choice((card, rng.choice(BANKS)))
    domain = REFUSED_DOMAIN if rng.random() < 0.06 else "example.com"
    opening: Json = {
        "account_id": account_id,
        "email": f"{account_id}@{domain}",
        "carts": 1000 + rng.randrange(100),
        "plan": {"currency": currency, "unit_amount": unit},
        "timezone": zone,
        "payment_method": card,
    }
    if rng.random() < 0.12:
        opening["paid_through_days"] = rng.choice((-20, 10))
    if policy:
        opening["policy"] = policy
    weights |= dict.fromkeys(favoured, FAVOURED)
    names = list(weights)
    chosen = rng.choices(names, weights=list(weights.values()), k=CHAPTERS)
    if rng.random() < 0.12:
        chosen.append("close_in_a_storm")
    return Life(account_id, opening, tuple((name, rng.randrange(2**32)) for name in chosen))
