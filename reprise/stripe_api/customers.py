"""The account's customer at Stripe: found, made, taken over, given a payment method; made anew when it was deleted."""

from dataclasses import dataclass
from typing import Any

import stripe

from reprise.errors import InvalidInput
from reprise.statemachine.outcomes import Invoice, PaymentMethodChanged
from reprise.stripe_api.client import metadata_of, understood
from reprise.stripe_api.errors import (
    CustomerGone,
    code_of,
    decline_code_of,
    is_missing_customer,
    is_refused_email,
    is_transient,
    message_of,
    unavailable_by,
)
from reprise.stripe_api.idempotency import behind_replays, hashed_key, idempotency_key
from reprise.stripe_api.inputs import PaymentsInput, StripeInput
from reprise.stripe_api.invoicing import Invoices, Latest, Voided, unknown_paid
from reprise.stripe_api.reading import found_of, is_deleted, is_unpaid


@dataclass(frozen=True)
class Registered:
    """A customer, and why Stripe would not take its e-mail, if it would not (R1)."""

    customer: stripe.Customer
    email_refused: str | None = None


@dataclass(frozen=True)
class Left:
    """How leaving a deleted customer turned out: the new one's id, or the invoice that must end first.

    `found` holds what is paid for the account on the old customer and is not in the record (R22): the new customer does
    not show it.
    """

    customer_id: str | None = None
    email_refused: str | None = None
    unsettled: Voided | None = None
    found: tuple[Invoice, ...] = ()

    @property
    def told(self) -> dict[str, Any]:
        """What an outcome says of it."""
        return {"customer_id": self.customer_id, "email_refused": self.email_refused, "found": self.found}


class Customers:
    """The customer of one account."""

    def __init__(self, client: stripe.StripeClient, asked: StripeInput) -> None:
        self._client = client
        self._stripe = client.v1
        self._asked = asked
        self.has_attached = False
        """Whether Stripe has attached a payment method that was to become the default."""
        self._metadata = {"account_id": asked.account_id, **({"life": asked.life} if asked.life is not None else {})}

    # ------------------------------------------------------------------ finding and making

    async def retrieve(self, customer_id: str) -> stripe.Customer:
        """Return a customer; of a deleted one, only that it is (`is_deleted`)."""
        return await understood(self._stripe.customers.retrieve_async(customer_id))

    async def is_gone(self, customer_id: str, refused: stripe.StripeError) -> bool:
        """Say whether a request was refused because the customer was deleted.

        One that Stripe has never heard of is not: then the API key is another account's, and nothing is to be made anew
        with it.
        """
        if is_transient(refused) or not is_missing_customer(refused):
            return False
        try:
            return is_deleted(await self.retrieve(customer_id))
        except stripe.InvalidRequestError:
            return False

    async def _find(self, email: str | None) -> stripe.Customer | None:
        if email is None:
            return await self._search()
        page = await understood(self._stripe.customers.list_async({"email": email, "limit": 100}))
        async for customer in page.auto_paging_iter():
            if self._is_ours(customer):
                return customer
        return None

    async def _search(self) -> stripe.Customer | None:
        """Find a customer that has no e-mail, by its metadata.

        A search may be a minute behind (docs.stripe.com/search#data-freshness), where the idempotency key holds; once
        Stripe has forgotten the key, the search knows. Not every Stripe account may search: it has the key alone.
        """
        query = " AND ".join(f"metadata['{name}']:'{value}'" for name, value in self._metadata.items())
        try:
            found = await understood(self._stripe.customers.search_async({"query": query, "limit": 100}))
        except stripe.InvalidRequestError:
            return None
        return next((each for each in found.data if self._is_ours(each)), None)

    def _is_ours(self, customer: stripe.Customer) -> bool:
        there = metadata_of(customer)
        return there.get("account_id") == self._asked.account_id and there.get("life") == self._asked.life

    async def register(
        self, email: str | None, replacing: str | None = None, payment_method: str | None = None
    ) -> Registered:
        """Find the account's customer by its e-mail, or make it; without an e-mail if Stripe does not take it (R1).

        Args:
            email: The billing e-mail.
            replacing: The customer that was deleted (R23).
            payment_method: What a new customer is to pay with by default, where that is one request. Whoever is
                registered without it may still be given it (`make_default`).

        Raises:
            stripe.StripeError: Stripe refuses for another reason, or does not answer.
        """
        try:
            return Registered(await self._find(email) or await self._make(email, replacing, payment_method))
        except stripe.InvalidRequestError as error:
            if not is_refused_email(error):
                raise
            customer = await self._find(None) or await self._create(None, replacing, "no e-mail")
            return Registered(customer, email_refused=message_of(error))

    async def _make(self, email: str | None, replacing: str | None, payment_method: str | None) -> stripe.Customer:
        """Make a customer with its payment method in one request; where Stripe refuses that, without it.

        One without an e-mail is made alone, under the key that every release has used: nothing else finds it at once.
        """
        if email is not None and payment_method is not None:
            try:
                return await self._create(email, replacing, payment_method=payment_method)
            except (stripe.CardError, stripe.InvalidRequestError) as error:
                if is_refused_email(error):
                    raise
        return await self._create(email, replacing)

    async def _create(
        self, email: str | None, replacing: str | None, *which: str, payment_method: str | None = None
    ) -> stripe.Customer:
        params: stripe.params.CustomerCreateParams = {"metadata": self._metadata}
        if email is not None:
            params["email"] = email
        if payment_method is not None:
            params["payment_method"] = payment_method
            params["invoice_settings"] = {"default_payment_method": payment_method}

        async def send(key: str) -> stripe.Customer:
            return await understood(self._stripe.customers.create_async(params, {"idempotency_key": key}))

        async def read(replayed: stripe.Customer | None) -> stripe.Customer | None:
            now = await self.retrieve(replayed.id) if replayed else await self._find(email)
            return None if is_deleted(now) else now

        life = [self._asked.life] if self._asked.life else []
        paying = [payment_method] if payment_method else []
        parts = (*life, self._asked.account_id, *([replacing] if replacing else []), *which, *paying)
        return await behind_replays(send, idempotency_key("customer", *parts), read)

    async def take_over(self, customer_id: str) -> stripe.Customer | None:
        """Write whose it is onto a customer that exists (R25); None if it is deleted.

        One that pays for another account already keeps that account's name: its webhooks go on leading there. Invoices
        carry the account they are for by themselves.
        """
        customer = await self.retrieve(customer_id)
        if is_deleted(customer):
            return None
        account_id = self._metadata["account_id"]
        if metadata_of(customer).get("account_id", account_id) != account_id:
            return customer
        return await understood(self._stripe.customers.update_async(customer_id, {"metadata": self._metadata}))

    async def change_email(self, customer_id: str, email: str) -> None:
        """Give a customer another e-mail (R26)."""
        await understood(self._stripe.customers.update_async(customer_id, {"email": email}))

    async def erase(self, customer_id: str) -> None:
        """Take from a customer what says who they are: their details and payment methods (R13).

        Invoices and charges stay, as they must; Stripe keeps on finalized ones what stood on the customer then
        (docs.stripe.com/api/invoices/object#invoice_object-customer_email). An empty string unsets a value
        (docs.stripe.com/api/customers/update).

        Raises:
            stripe.StripeError: Stripe refuses, or does not answer.
        """
        customers = self._stripe.customers
        # Always the first page: a page after a method that is detached by now cannot be asked for.
        while (page := await understood(customers.payment_methods.list_async(customer_id, {"limit": 100}))).data:
            for method in page.data:
                await understood(self._stripe.payment_methods.detach_async(method.id))
        nothing: stripe.params.CustomerUpdateParams = {
            "email": "", "name": "", "phone": "", "description": "", "address": "", "shipping": "",
        }  # fmt: skip
        await understood(customers.update_async(customer_id, nothing))

    # ------------------------------------------------------------------ payment methods

    async def make_default(self, customer_id: str, payment_method: str, request: str) -> PaymentMethodChanged:
        """Attach a payment method and make it the default for invoices. What Stripe says against it is a value.

        Args:
            customer_id: The customer.
            payment_method: A `pm_…`.
            request: Stable over retries: a test id attached twice would make two.

        Raises:
            stripe.StripeError: Stripe refuses for our fault (401, 403), has no such customer, or does not answer.
        """

        async def send(key: str) -> stripe.PaymentMethod:
            attach = self._stripe.payment_methods.attach_async
            return await understood(attach(payment_method, {"customer": customer_id}, {"idempotency_key": key}))

        async def read(replayed: stripe.PaymentMethod | None) -> stripe.PaymentMethod | None:
            return replayed

        key = hashed_key("attach", self._asked.account_id, self._asked.life or "", customer_id, payment_method, request)
        try:
            attached = await behind_replays(send, key, read)
            self.has_attached = True
            await understood(
                self._stripe.customers.update_async(
                    customer_id, {"invoice_settings": {"default_payment_method": attached.id}}
                )
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            if is_missing_customer(error):
                raise
            refused = decline_code_of(error) or code_of(error) or "resource_missing"
            return PaymentMethodChanged(refused=refused, message=message_of(error))
        return PaymentMethodChanged(payment_method=attached.id)


async def leave(client: stripe.StripeClient, asked: PaymentsInput, latest: Latest | None = None) -> Left:
    """Leave a customer that was deleted at Stripe, and register the account's anew (R23).

    No invoice may stay behind that could still be paid: the new customer does not show it. What cannot be voided, since
    it is paid or being paid, goes first.

    Args:
        client: The client.
        asked: Whose customer, which, the e-mail of the new one, and what the record knows to be paid.
        latest: The old customer's invoices, if they have been listed.
    """
    invoices = Invoices(client, asked, asked.customer_id)
    latest = latest or await invoices.latest(None)
    for invoice in latest.invoices:
        if is_unpaid(invoice) and not (voided := await invoices.void(invoice)).done:
            return Left(unsettled=voided)
    registered = await Customers(client, asked).register(asked.email, replacing=asked.customer_id)
    found = tuple(found_of(each) for each in unknown_paid(latest, None, asked))
    return Left(registered.customer.id, registered.email_refused, found=found)


async def check_customer(client: stripe.StripeClient, customer_id: str) -> None:
    """See that a customer given for an account that lived elsewhere exists (R20, R25).

    Raises:
        InvalidInput: Stripe has no such customer, or has it no more.
        Unavailable: Stripe is out of reach.
    """
    try:
        customer = await understood(client.v1.customers.retrieve_async(customer_id))
    except stripe.StripeError as error:
        if is_missing_customer(error):
            raise InvalidInput("customer_id", "is not a customer that Stripe has for this API key") from error
        raise unavailable_by(error) from error
    if getattr(customer, "deleted", False):
        raise InvalidInput("customer_id", "was deleted at Stripe; leave it out, and the account gets a new one")


async def portal_url(
    client: stripe.StripeClient,
    customer_id: str,
    return_url: str,
    *,
    new_card_to: str | None = None,
) -> str:
    """Return an address of Stripe's customer portal that leads back to `return_url`.

    Args:
        client: The client.
        customer_id: Whose billing information.
        return_url: Where the portal's own link leads back to.
        new_card_to: Ask for nothing but another payment method, and lead on to this address by itself once there is one
            (docs.stripe.com/customer-management/portal-deep-links#payment-method-update).

    Raises:
        CustomerGone: Stripe has no such customer, or has it no more (R23, R25).
        Unavailable: Stripe is out of reach.
    """
    asked: Any = {"customer": customer_id, "return_url": return_url}
    if new_card_to is not None:
        done = {"type": "redirect", "redirect": {"return_url": new_card_to}}
        asked["flow_data"] = {"type": "payment_method_update", "after_completion": done}
    try:
        session = await understood(client.v1.billing_portal.sessions.create_async(asked))
    except stripe.StripeError as error:
        raise (CustomerGone() if is_missing_customer(error) else unavailable_by(error)) from error
    return session.url
