"""How the workflow performs an effect: which activity, with what time-outs and retries, and what a failure means."""

from datetime import timedelta
from typing import cast

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from reprise.activities import names
from reprise.statemachine.account import Account
from reprise.statemachine.effects import (
    Act,
    ChangePaymentMethod,
    Collect,
    LookAtInvoice,
    RegisterCustomer,
    VoidInvoice,
)
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    InvoiceObserved,
    InvoiceVoided,
    PaymentMethodChanged,
    PaymentOutcome,
    Stopped,
)
from reprise.statemachine.timeline import TimelineEntry

ActOutcome = PaymentOutcome | InvoiceObserved | InvoiceVoided | CustomerRegistered | PaymentMethodChanged

ATTEMPT_TIMEOUT = timedelta(seconds=60)
"""How long one try of an act may take: so soon another worker takes over from one that died."""

UNTIL_KNOWN = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=5)
)
"""Stripe being unreachable, slow or failing is retried until the outcome is known (R8)."""

UNTIL_TOLD = RetryPolicy(
    initial_interval=timedelta(seconds=2), backoff_coefficient=2, maximum_interval=timedelta(hours=1)
)
"""The product being down is retried for as long as it lasts, and delays nothing (R18)."""

ENTRIES_AT_ONCE = 20


async def start(act: Act, account: Account, request_id: str) -> ActOutcome:
    """Perform one act by its activity, however long that takes.

    Args:
        act: What is to be done.
        account: The record as it stands; it has a customer unless `act` registers one.
        request_id: Stable over retries of this act; part of idempotency keys of acts that have no payment key.

    Raises:
        ActivityError: Stripe refused the request itself; retrying cannot help. See `failed`.
    """
    activity, argument, answer, summary = _activity_for(act, account, request_id)
    outcome: ActOutcome = await workflow.execute_activity(
        activity,
        argument,
        result_type=answer,
        start_to_close_timeout=ATTEMPT_TIMEOUT,
        retry_policy=UNTIL_KNOWN,
        summary=summary,
    )
    if isinstance(act, ChangePaymentMethod) and isinstance(outcome, PaymentMethodChanged):
        return outcome.model_copy(update={"asked_by": act.asked_by})
    return outcome


def _activity_for(act: Act, account: Account, request_id: str) -> tuple[str, BaseModel, type, str]:
    """Return the activity of an act: its name, its input, the type of its answer and a summary for the UI."""
    whose = {"account_id": account.account_id, "customer_id": account.customer_id or ""}
    match act:
        case RegisterCustomer(payment_method=method):
            register = names.RegisterCustomerInput(
                account_id=account.account_id, email=account.email, payment_method=method
            )
            return names.REGISTER_CUSTOMER, register, CustomerRegistered, "register the customer"
        case ChangePaymentMethod(payment_method=method):
            change = names.ChangePaymentMethodInput(**whose, payment_method=method, request=request_id)
            return names.CHANGE_PAYMENT_METHOD, change, PaymentMethodChanged, "change the payment method"
        case Collect(payment=payment):
            collect = names.CollectInput(**whose, payment=payment)
            summary = f"collect {payment.key}, attempt {payment.attempt}"
            return names.COLLECT, collect, cast("type", PaymentOutcome), summary
        case LookAtInvoice(payment_key=key, invoice_id=invoice_id):
            look = names.InvoiceInput(**whose, payment_key=key, invoice_id=invoice_id)
            return names.LOOK_AT_INVOICE, look, InvoiceObserved, f"look at {key}"
        case VoidInvoice(payment_key=key, invoice_id=invoice_id):
            void = names.InvoiceInput(**whose, payment_key=key, invoice_id=invoice_id)
            return names.VOID_INVOICE, void, InvoiceVoided, f"void {key}"


def failed(act: Act, error: ActivityError) -> ActOutcome | None:
    """Return what an act that Stripe refused for our fault came to (R8): it is shown, and can be done again later."""
    reason = str(error.cause or error)
    match act:
        case Collect(payment=payment):
            return Stopped(payment_key=payment.key, reason=reason)
        case ChangePaymentMethod():
            return PaymentMethodChanged(refused="stripe_refused", message=reason)
        case _:
            return None


async def announce(account_id: str, entries: tuple[TimelineEntry, ...]) -> None:
    """Tell the product of changes, in their order, until it has heard (R18)."""
    await workflow.execute_activity(
        names.ANNOUNCE,
        names.AnnounceInput(account_id=account_id, entries=entries),
        start_to_close_timeout=ATTEMPT_TIMEOUT,
        retry_policy=UNTIL_TOLD,
        summary=f"announce {entries[0].sequence} to {entries[-1].sequence}",
    )
