"""Everything that a page says of an account, at one instant: its record, and what Stripe says beside it.

The record comes whole, so that the core can be asked about it here; what a page shows of it is up to the page. The
gallery makes situations up, which the same pages show.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from reprise.accounts.restoring import account_of
from reprise.errors import Unavailable
from reprise.portal.dependencies import Visitor
from reprise.schemas.accounts import AccountView
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import SetCarts
from reprise.statemachine.outlook import Outlook, outlook
from reprise.statemachine.quotes import Quote
from reprise.statemachine.refusals import Refused
from reprise.stripe_api.billing_details import BillingDetails
from reprise.workflows.account_views import account_view


@dataclass(frozen=True)
class AtStripe:
    """What Stripe says; `is_known` is false where it could not be asked."""

    details: BillingDetails = field(default_factory=BillingDetails)
    paid_with: Mapping[str, PaymentMethodView] = field(default_factory=dict)
    is_known: bool = True


@dataclass(frozen=True)
class Situation:
    """An account as it stands at `now`, by its own clock, in UTC."""

    record: Account
    now: datetime
    stripe: AtStripe = field(default_factory=AtStripe)

    @cached_property
    def account(self) -> AccountView:
        """The account as callers see it, with what may be done."""
        return account_view(self.record)

    @cached_property
    def outlook(self) -> Outlook:
        """What comes next."""
        return outlook(self.record, self.now)

    @cached_property
    def quote(self) -> Quote | None:
        """What coming back costs now (R7); None where one does not come back by paying."""
        if not self.account.is_out_of_service:
            return None
        try:
            return machine.quote(self.record, self.now)
        except Refused:
            return None

    @property
    def card(self) -> PaymentMethodView | None:
        """The payment method that is charged next."""
        return self.stripe.details.payment_method

    @property
    def email(self) -> str | None:
        """The billing e-mail as it is now: at Stripe it can be changed as well."""
        return self.stripe.details.email or self.record.email

    def paid_with(self, invoice_id: str | None) -> PaymentMethodView | None:
        """Return what an invoice was last charged to."""
        return self.stripe.paid_with.get(invoice_id or "")

    def with_carts(self, carts: int) -> "Situation":
        """Return the account as it would stand with another number of carts (R11).

        Raises:
            Refused: It would not be taken.
        """
        changed = machine.take(self.record, SetCarts(carts=carts), self.now).account
        return Situation(changed, self.now, self.stripe)


async def situation_of(who: Visitor, *, fresh: bool = False) -> Situation:
    """Return how a visitor's account stands; where Stripe cannot be asked, without what it would say.

    Args:
        who: The visitor.
        fresh: Whether they come from Stripe, where something may have changed.

    Raises:
        RepriseError: Nothing is known of the account itself.
    """
    found = await who.accounts.record(who.account_id)
    record = account_of(found.run)
    if fresh:
        who.services.billing_details.forget(record.customer_id)
    return Situation(record, found.recorded_at, await _at_stripe(who, record))


async def _at_stripe(who: Visitor, record: Account) -> AtStripe:
    asked = who.services.billing_details
    try:
        details, paid_with = await asyncio.gather(
            asked.details(record.customer_id, record.sequence), asked.paid_with(record.customer_id, record.sequence)
        )
    except Unavailable:
        return AtStripe(is_known=False)
    return AtStripe(details, paid_with)
