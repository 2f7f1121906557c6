"""The activities that speak to Stripe. One activity performs one effect, safe to run again from any point (R8).

What Stripe refuses is a value; only what is not known is an error, and is tried again.
"""

import stripe
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.activities import names
from reprise.activities.attempts import asking, gives_up, tries, unavailable
from reprise.statemachine.declines import OwnDeclineCode
from reprise.statemachine.outcomes import (
    CustomerErased,
    CustomerNotRegistered,
    CustomerRegistered,
    EmailChanged,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NothingObserved,
    NotKnown,
    PaymentMethodChanged,
    PaymentOutcome,
    RefundObserved,
    Stopped,
)
from reprise.stripe_api import inputs, observing, refunds
from reprise.stripe_api.collecting import Collecting
from reprise.stripe_api.customers import Customers, leave
from reprise.stripe_api.errors import is_transient, message_of
from reprise.stripe_api.reading import default_method

log = structlog.get_logger()

_NOT_SETTLED = "The customer was deleted at Stripe while a payment of theirs is not settled. Try again later."


class StripePayments:
    """Payments through Stripe, for the worker."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    # ------------------------------------------------------------------ the customer

    @activity.defn(name=names.REGISTER_CUSTOMER)
    async def register_customer(
        self, asked: inputs.RegisterCustomerInput
    ) -> CustomerRegistered | CustomerNotRegistered:
        """Find or make the account's customer at Stripe, or take one over (R25), and give it its first payment method.

        An e-mail or a payment method that Stripe does not take is told, and the customer is registered without (R1).

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `internal_error` (not).
        """
        async with asking():
            try:
                return await self._register(asked)
            except stripe.StripeError as error:
                if is_transient(error):
                    raise
                return CustomerNotRegistered(reason=message_of(error))

    async def _register(self, asked: inputs.RegisterCustomerInput) -> CustomerRegistered | CustomerNotRegistered:
        customers = Customers(self._client, asked)
        refused = None
        if asked.customer_id is None:
            registered = await customers.register(asked.email, payment_method=asked.payment_method)
            customer, refused = registered.customer, registered.email_refused
        else:
            taken_over = await customers.take_over(asked.customer_id)
            if taken_over is None:
                return CustomerNotRegistered(reason=f"Customer {asked.customer_id} was deleted at Stripe.")
            customer = taken_over
        default = default_method(customer)
        if asked.payment_method is None or (default is not None and asked.customer_id is None):
            return CustomerRegistered(customer_id=customer.id, payment_method=default, email_refused=refused)
        changed = await customers.make_default(customer.id, asked.payment_method, "registered")
        return CustomerRegistered(
            customer_id=customer.id,
            payment_method=changed.payment_method or default,
            refused=changed.refused,
            email_refused=refused,
        )

    @activity.defn(name=names.CHANGE_PAYMENT_METHOD)
    async def change_payment_method(self, asked: inputs.ChangePaymentMethodInput) -> PaymentMethodChanged:
        """Attach a payment method and make it the default for invoices. A refusal is a value.

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `internal_error` (not).
        """
        async with asking():
            customers = Customers(self._client, asked)
            try:
                return await self._change_payment_method(customers, asked)
            except stripe.StripeError as error:
                if is_transient(error):
                    raise
                if _may_be_done(error, begun=customers.has_attached):
                    raise unavailable(error) from error
                return PaymentMethodChanged(refused=OwnDeclineCode.STRIPE_REFUSED, message=message_of(error))

    async def _change_payment_method(
        self, customers: Customers, asked: inputs.ChangePaymentMethodInput
    ) -> PaymentMethodChanged:
        try:
            return await customers.make_default(asked.customer_id, asked.payment_method, asked.request)
        except stripe.StripeError as error:
            if not await customers.is_gone(asked.customer_id, error):
                raise
        left = await leave(self._client, asked)
        if left.customer_id is None:
            return PaymentMethodChanged(refused=OwnDeclineCode.PAYMENT_IN_PROGRESS, message=_NOT_SETTLED)
        changed = await customers.make_default(left.customer_id, asked.payment_method, asked.request)
        return changed.model_copy(update=left.told)

    @activity.defn(name=names.CHANGE_EMAIL)
    async def change_email(self, asked: inputs.ChangeEmailInput) -> EmailChanged:
        """Give the customer at Stripe another billing e-mail (R26). A refusal is a value.

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `internal_error` (not).
        """
        async with asking():
            if asked.email is None:
                raise ValueError("an e-mail is changed to another, not to none")
            try:
                return await self._change_email(asked, asked.email)
            except stripe.StripeError as error:
                if is_transient(error):
                    raise
                if _may_be_done(error):
                    raise unavailable(error) from error
                return EmailChanged(email=asked.email, refused=message_of(error))

    async def _change_email(self, asked: inputs.ChangeEmailInput, email: str) -> EmailChanged:
        customers = Customers(self._client, asked)
        try:
            await customers.change_email(asked.customer_id, email)
        except stripe.StripeError as error:
            if not await customers.is_gone(asked.customer_id, error):
                raise
        else:
            return EmailChanged(email=email)
        left = await leave(self._client, asked)
        if left.customer_id is None:
            return EmailChanged(email=email, refused=_NOT_SETTLED)
        return EmailChanged(email=email, refused=left.email_refused, **left.told)

    @activity.defn(name=names.ERASE_CUSTOMER)
    async def erase_customer(self, asked: inputs.CustomerInput) -> CustomerErased:
        """Take from a closed account's customer at Stripe what says who they are (R13). A refusal is a value.

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `internal_error` (not).
        """
        async with asking():
            customers = Customers(self._client, asked)
            try:
                await customers.erase(asked.customer_id)
            except stripe.StripeError as error:
                if is_transient(error):
                    raise
                gone = await customers.is_gone(asked.customer_id, error)
                return CustomerErased(customer_id=asked.customer_id, refused=None if gone else message_of(error))
            return CustomerErased(customer_id=asked.customer_id)

    # ------------------------------------------------------------------ payments

    @activity.defn(name=names.COLLECT)
    async def collect(self, asked: inputs.CollectInput) -> PaymentOutcome:
        """Make one attempt of a payment and say how it turned out (R8). Declines are values, not errors.

        Raises:
            ApplicationError: `stripe_unavailable`: the outcome is not known; the same attempt is made again, up to
                `LAST_TRY` times. `internal_error`: a defect of Reprise; the outcome is not known either.
        """
        try:
            async with asking():
                outcome = await self._collect(asked)
        except ApplicationError as error:
            if not gives_up(error):
                raise
            outcome = NotKnown(payment_key=asked.payment.key, reason=error.message)
        log.info("payment attempt", payment_attempt=asked.payment.attempt, outcome=outcome.kind)
        return outcome

    async def _collect(self, asked: inputs.CollectInput) -> PaymentOutcome:
        collecting = Collecting(self._client, asked, is_first_try=tries() == 1)
        try:
            return await collecting.collect()
        except stripe.StripeError as error:
            if is_transient(error) or not collecting.nothing_was_asked(error):
                raise unavailable(error) from error
            return Stopped(payment_key=asked.payment.key, reason=message_of(error))

    @activity.defn(name=names.RETRIEVE_INVOICE)
    async def retrieve_invoice(self, asked: inputs.InvoiceInput) -> InvoiceObserved:
        """See what Stripe says of a payment, what else is paid, and which method is the default (R15, R22).

        Raises:
            ApplicationError: `stripe_unavailable` (retried, up to `LAST_TRY` times), `internal_error` (not).
        """
        try:
            async with asking():
                try:
                    return await observing.retrieve(self._client, asked)
                except stripe.StripeError as error:
                    if is_transient(error):
                        raise
                    reason = message_of(error)
        except ApplicationError as error:
            if not gives_up(error):
                raise
            reason = error.message
        return InvoiceObserved(payment_key=asked.payment_key, invoice=InvoiceState.UNKNOWN, reason=reason)

    @activity.defn(name=names.VOID_INVOICE)
    async def void_invoice(self, asked: inputs.InvoiceInput) -> InvoiceVoided:
        """Void a payment's invoices; a paid one stays paid, and the answer says so. A refusal is a value (R8).

        Raises:
            ApplicationError: `stripe_unavailable` (retried, up to `LAST_TRY` times), `internal_error` (not).
        """
        try:
            async with asking():
                try:
                    return await observing.void(self._client, asked)
                except stripe.StripeError as error:
                    if is_transient(error):
                        raise
                    reason = message_of(error)
        except ApplicationError as error:
            if not gives_up(error):
                raise
            reason = error.message
        assert asked.payment_key is not None, "a void of none is a defect"
        return InvoiceVoided(
            payment_key=asked.payment_key,
            invoice_id=asked.invoice_id,
            invoice=InvoiceState.UNKNOWN,
            reason=reason,
        )

    @activity.defn(name=names.RETRIEVE_REFUND)
    async def retrieve_refund(self, asked: inputs.RefundInput) -> RefundObserved | NothingObserved:
        """Look a refund or a dispute up, and whether it is about a payment of this account (R24).

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `internal_error` (not).
        """
        async with asking():
            try:
                return await refunds.retrieve(self._client, asked)
            except stripe.StripeError as error:
                if is_transient(error):
                    raise
                return NothingObserved(reason=message_of(error))


def _may_be_done(refused: stripe.StripeError, *, begun: bool = False) -> bool:
    """Say whether what is refused may have been done before: our key was good when an earlier request was sent (R8).

    Whatever Stripe says of the request itself, it would have said of the same one before.
    """
    ours = isinstance(refused, stripe.AuthenticationError | stripe.PermissionError)
    return ours and (begun or tries() > 1)
