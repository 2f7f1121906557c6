"""What Stripe knows of how a customer pays: e-mail, default payment method, and what each invoice was paid with.

Read when it is shown, kept for seconds, and never put into an account's record: it is Stripe's, and changes there.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import stripe

from reprise.schemas.payment_methods import PaymentMethodView
from reprise.stripe_api.client import understood
from reprise.stripe_api.errors import is_missing_customer, unavailable_by

KEPT_FOR: Final = 30.0
"""Seconds for which an answer of Stripe's is shown again."""

_AT_MOST: Final = 2000
"""How many answers are kept."""

T = TypeVar("T")


@dataclass(frozen=True)
class BillingDetails:
    """A customer as Stripe has it now."""

    email: str | None = None
    payment_method: PaymentMethodView | None = None


PaidWith = Mapping[str, PaymentMethodView]
"""What each invoice was last charged to, by the invoice's id."""


@dataclass
class _Kept(Generic[T]):
    """Answers that are shown again for a while; the oldest give way."""

    answers: OrderedDict[tuple[str, int], tuple[float, T]] = field(default_factory=OrderedDict)

    async def get(self, key: tuple[str, int], ask: Callable[[], Awaitable[T]]) -> T:
        kept = self.answers.get(key)
        if kept is not None and time.monotonic() - kept[0] < KEPT_FOR:
            return kept[1]
        answer = await ask()
        self.answers[key] = (time.monotonic(), answer)
        self.answers.move_to_end(key)
        while len(self.answers) > _AT_MOST:
            self.answers.popitem(last=False)
        return answer

    def forget(self, customer: str | None) -> None:
        for key in [each for each in self.answers if each[0] == customer]:
            del self.answers[key]


class BillingDetailsReader:
    """Reads from Stripe, and keeps what it has read for `KEPT_FOR` seconds.

    Each question names the account's sequence number: whatever has happened to the account is seen at once.
    """

    def __init__(self, client: stripe.StripeClient) -> None:
        self._stripe = client.v1
        self._details: _Kept[BillingDetails] = _Kept()
        self._paid_with: _Kept[PaidWith] = _Kept()

    async def details(self, customer: str | None, sequence: int) -> BillingDetails:
        """Return a customer's e-mail and default payment method; nothing of one that was deleted.

        Raises:
            Unavailable: Stripe is out of reach.
        """
        if customer is None:
            return BillingDetails()
        return await self._details.get((customer, sequence), lambda: self._read_details(customer))

    async def paid_with(self, customer: str | None, sequence: int) -> PaidWith:
        """Return what the customer's latest invoices were charged to, by the invoice's id: of the newest hundred.

        Raises:
            Unavailable: Stripe is out of reach.
        """
        if customer is None:
            return {}
        return await self._paid_with.get((customer, sequence), lambda: self._read_paid_with(customer))

    def forget(self, customer: str | None) -> None:
        """Ask Stripe anew the next time: the customer has just been there."""
        for kept in (self._details, self._paid_with):
            kept.forget(customer)

    async def _read_details(self, customer: str) -> BillingDetails:
        asked: Any = {"expand": ["invoice_settings.default_payment_method"]}
        try:
            found = await understood(self._stripe.customers.retrieve_async(customer, asked))
        except stripe.StripeError as error:
            if is_missing_customer(error):
                return BillingDetails()
            raise unavailable_by(error) from error
        if getattr(found, "deleted", False):
            return BillingDetails()
        method = found.invoice_settings.default_payment_method if found.invoice_settings else None
        return BillingDetails(email=found.email, payment_method=view_of(method))

    async def _read_paid_with(self, customer: str) -> PaidWith:
        invoices: Any = {"customer": customer, "limit": 100, "expand": ["data.payments"]}
        charges: Any = {"customer": customer, "limit": 100}
        try:
            listed, charged = await asyncio.gather(
                understood(self._stripe.invoices.list_async(invoices)),
                understood(self._stripe.charges.list_async(charges)),
            )
        except stripe.StripeError as error:
            if is_missing_customer(error):
                return {}
            raise unavailable_by(error) from error
        by_intent: dict[str | None, PaymentMethodView | None] = {}
        for charge in charged.data:  # newest first: the first of an intent is its latest
            if intent := _id_of(charge.payment_intent):
                by_intent.setdefault(intent, view_of(charge.payment_method_details))
        found: dict[str, PaymentMethodView] = {}
        for invoice in listed.data:
            for payment in getattr(getattr(invoice, "payments", None), "data", ()):
                method = by_intent.get(_id_of(getattr(payment.payment, "payment_intent", None)))
                if method is not None:
                    found[invoice.id] = method
        return found


def view_of(method: Any) -> PaymentMethodView | None:
    """Return a payment method of Stripe's, or the details of a charge, as it is shown; None if it says too little.

    A card's fields are those of docs.stripe.com/api/payment_methods/object#payment_method_object-card; of other types,
    the bank's name where there is one, else the type.
    """
    kind = getattr(method, "type", None)
    details = getattr(method, kind, None) if isinstance(kind, str) else None
    last4 = getattr(details, "last4", None)
    if not isinstance(last4, str):
        return None
    brand = getattr(details, "brand", None) or getattr(details, "bank_name", None) or str(kind)
    return PaymentMethodView(
        brand=brand,
        last4=last4,
        exp_month=getattr(details, "exp_month", None),
        exp_year=getattr(details, "exp_year", None),
    )


def _id_of(reference: Any) -> str | None:
    """Return the id of what Stripe refers to, expanded or not."""
    found: str | None = getattr(reference, "id", reference)
    return found
