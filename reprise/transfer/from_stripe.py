"""A company's subscriptions at Stripe as rows to import, and their end there once accounts have taken over (R25)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reprise.settings import StripeSettings
from reprise.stripe_api.client import stripe_client
from reprise.stripe_api.subscriptions import NotCarried, TakenOver, as_account, end_with_period, subscriptions
from reprise.transfer.rows import RefusedRow, Row


@dataclass(frozen=True)
class Subscribed:
    """What Stripe has: a row for each subscription, numbered in the order of Stripe's list, or why it is none."""

    rows: list[Row | RefusedRow]
    taken: dict[int, TakenOver]
    """The subscriptions that are rows, by the row's number."""
    subscription_ids: dict[int, str]


async def read_subscriptions(settings: StripeSettings, id_from: str | None) -> Subscribed:
    """Read every subscription that has not ended.

    Args:
        settings: Stripe's key, and where it is.
        id_from: Which metadata of a subscription is the account's id; None: the customer's id is.

    Raises:
        StripeFailed: Stripe refuses to show them, or does not answer.
    """
    async with stripe_client(settings) as client:
        found = [as_account(each, id_from) async for each in subscriptions(client)]
    of_customer = Counter(each.customer_id for each in found)
    rows: list[Row | RefusedRow] = []
    for number, each in enumerate(found, 1):
        reasons = list(each.reasons) if isinstance(each, NotCarried) else []
        if id_from is None and of_customer[each.customer_id] > 1:
            reasons.append("is one of several of its customer: each needs an account id of its own in its metadata")
        if isinstance(each, TakenOver) and not reasons:
            rows.append(Row(number, each.fields))
        else:
            rows += [RefusedRow(number, each.customer_id, None, f"{each.subscription_id} {why}") for why in reasons]
    taken = {number: each for number, each in enumerate(found, 1) if isinstance(each, TakenOver)}
    return Subscribed(rows, taken, {number: each.subscription_id for number, each in enumerate(found, 1)})


async def end_subscriptions(
    settings: StripeSettings, taken: Sequence[TakenOver], told: Callable[[TakenOver], None] | None = None
) -> None:
    """Tell Stripe to end subscriptions with their periods; those that end already are left as they are.

    Raises:
        StripeFailed: Stripe refuses, or does not answer. The same call again goes on.
    """
    async with stripe_client(settings) as client:
        for each in taken:
            if each.goes_on:
                await end_with_period(client, each)
            if told:
                told(each)
