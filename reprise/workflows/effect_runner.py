"""How the workflow performs effects: one effect after another, each by an activity, and what it means when one fails.

Whatever an activity does, its effect ends with a value (R8): an answer that cannot be read is none, and one that failed
says no more than is certain. Nothing is asked again at once, so that an account never eats its own history.
"""

import asyncio
from datetime import timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError

from reprise.activities import names
from reprise.statemachine.account import Account
from reprise.statemachine.declines import OwnDeclineCode
from reprise.statemachine.effects import (
    ChangeEmail,
    ChangePaymentMethod,
    Collect,
    EraseCustomer,
    RegisterCustomer,
    RetrieveInvoice,
    RetrieveRefund,
    StripeEffect,
    VoidInvoice,
)
from reprise.statemachine.money import formatted
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
from reprise.statemachine.refusals import RefusalCode
from reprise.stripe_api import inputs
from reprise.workflows.limits import MAX_EFFECTS_PER_HOUR, Backoff, Pace
from reprise.workflows.markdown import quoted
from reprise.workflows.messages import PendingEffect, Refusal
from reprise.workflows.requests import Request
from reprise.workflows.results import UNREADABLE, read_result

EffectOutcome = (
    PaymentOutcome
    | InvoiceObserved
    | InvoiceVoided
    | CustomerRegistered
    | CustomerNotRegistered
    | PaymentMethodChanged
    | EmailChanged
    | CustomerErased
    | RefundObserved
    | NothingObserved
)

OUTLIVE_FAILED_EFFECTS = "outlive-failed-acts"
"""Since 0.2.0: an effect that failed ends with a value, and so does all that waits for it; nothing loops."""

ATTEMPT_TIMEOUT = timedelta(seconds=60)
"""How long one try of an effect may take: so soon another worker takes over from one that died."""

STRIPE_RETRY_POLICY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=5)
)
"""Stripe being unreachable, slow or failing is retried until the outcome is known (R8)."""

RETRY_PERIODS = {
    names.COLLECT: timedelta(hours=13),
    names.RETRIEVE_INVOICE: timedelta(hours=1),
    names.RETRIEVE_REFUND: timedelta(hours=1),
    names.VOID_INVOICE: timedelta(hours=1),
}
"""How long an effect is tried before it ends without an answer, so that nothing waits behind it for ever. What is not
found out is asked again by the core's deadlines; whether money moved is asked until it is known."""

MAX_RETRY_PERIOD = timedelta(days=1)
"""The same for what people have asked for, and for the customer without whom nothing can be done."""


class Finished(NamedTuple):
    """An effect that has come to its end, and the command that asked for it."""

    outcome: EffectOutcome
    request: Request | None


class EffectRunner:
    """The effects of one account that are to be performed, in their order, one at a time (R14)."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self._waiting: list[tuple[StripeEffect, Request | None]] = []
        self._performing: asyncio.Task[EffectOutcome] | None = None
        self._not_known: tuple[str, int] | None = None
        self._backoff = Backoff()
        self._pace = Pace(MAX_EFFECTS_PER_HOUR)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done, and nothing is to be done."""
        return not self._waiting

    @property
    def has_finished(self) -> bool:
        """Whether the effect under way has come to its end."""
        return self._performing is not None and self._performing.done()

    @property
    def may_begin(self) -> bool:
        """Whether an effect waits and none is under way."""
        return bool(self._waiting) and self._performing is None

    def add(self, effect: StripeEffect, request: Request | None) -> None:
        """Let an effect wait its turn."""
        self._waiting.append((effect, request))

    def pending(self) -> tuple[PendingEffect, ...]:
        """Return the effects that are not known to be done, in their order, the one under way among them."""
        return tuple(
            PendingEffect(effect=effect, command_id=request.command_id if request else None)
            for effect, request in self._waiting
        )

    def begin(self, account: Account) -> None:
        """Begin the next effect; if its customer or the first payment method is not registered yet, with that (R1)."""
        effect, request = self._waiting[0]
        command_id = request.command_id if request else None
        if account.needs_registration and not isinstance(effect, RegisterCustomer):
            method, customer_id = account.first_payment_method, account.customer_id
            effect, request = RegisterCustomer(payment_method=method, customer_id=customer_id), None
            self._waiting.insert(0, (effect, request))
        request_id = request.command_id if request and request.command_id else f"{workflow.uuid4()}"
        wait = self._wait_for(effect, request, account)
        self._performing = asyncio.create_task(self._perform(effect, account, request_id, command_id, wait))

    def _wait_for(self, effect: StripeEffect, request: Request | None, account: Account) -> timedelta:
        """Return how long to wait before an effect: by the backoff of what is not known, and by the pace of all."""
        wait = timedelta(0)
        if isinstance(effect, Collect):
            if (effect.payment.key, effect.payment.attempt) != self._not_known:
                self._backoff.succeeded()
            wait = self._backoff.wait
        if request is None and account.edition >= 2:
            wait = max(wait, self._pace.begin(workflow.now()))
        return wait

    async def _perform(
        self, effect: StripeEffect, account: Account, request_id: str, command_id: str | None, wait: timedelta
    ) -> EffectOutcome:
        if wait:
            # Commands are taken meanwhile, and change the record (R14): not this effect, which was decided before them.
            await workflow.sleep(
                wait,
                summary=f"wait before the next request to Stripe: {_activity_for(effect, account, request_id).summary}",
            )
        return await _start(effect, account, request_id, command_id)

    def finish(self, edition: int) -> list[Finished]:
        """Take what the effect under way has come to, and every effect that ends with it.

        Args:
            edition: By which rules the run decides (R28).
        """
        assert self._performing is not None, "only an effect that is under way can finish"
        (effect, request), performing = self._waiting.pop(0), self._performing
        self._performing = None
        try:
            outcome = performing.result()
        except (Exception, asyncio.CancelledError) as error:
            reason = str(error.cause or error) if isinstance(error, ActivityError) else str(error)
            command_id = request.command_id if request else None
            about = {
                "effect": type(effect).__name__,
                "payment_key": _key_of(effect),
                "command_id": command_id,
                "why": reason,
            }
            workflow.logger.error("an effect came to no answer", extra=about)
            if edition < 2 and not workflow.patched(OUTLIVE_FAILED_EFFECTS):
                return self._failed_in_0_1_0(effect, request, reason)
            outcome = failed(effect, reason)
        if isinstance(outcome, NotKnown) and isinstance(effect, Collect):
            self._not_known = (effect.payment.key, effect.payment.attempt)
            self._backoff.failed()
        finished = [Finished(outcome, request)]
        if isinstance(outcome, CustomerNotRegistered):
            finished += [Finished(not_begun(behind, outcome.reason), asked) for behind, asked in self._waiting]
            self._waiting.clear()
        return finished

    def _failed_in_0_1_0(self, effect: StripeEffect, request: Request | None, reason: str) -> list[Finished]:
        if isinstance(effect, RegisterCustomer) and self._waiting and isinstance(self._waiting[0][0], Collect):
            effect, request = self._waiting.pop(0)
        match effect:
            case Collect(payment=payment):
                return [Finished(Stopped(payment_key=payment.key, reason=reason), request)]
            case ChangePaymentMethod():
                return [Finished(PaymentMethodChanged(refused=OwnDeclineCode.STRIPE_REFUSED, message=reason), request)]
            case _:
                return []


def _key_of(effect: StripeEffect) -> str | None:
    match effect:
        case Collect(payment=payment):
            return payment.key
        case RetrieveInvoice(payment_key=key) | VoidInvoice(payment_key=key):
            return key
        case _:
            return None


async def _start(effect: StripeEffect, account: Account, request_id: str, command_id: str | None) -> EffectOutcome:
    """Perform one effect by its activity.

    Args:
        effect: What is to be done.
        account: The record as it stands; it has a customer unless `effect` registers one.
        request_id: Stable over retries of this effect; part of idempotency keys of effects that have no payment key.
        command_id: The command that has asked for it, for the log.

    Raises:
        ActivityError: The activity failed, was cancelled, or gave no answer in time.
        ValueError: Its answer cannot be read, or is about something else.
    """
    asked = _activity_for(effect, account, request_id, command_id)
    patience = RETRY_PERIODS.get(asked.activity, MAX_RETRY_PERIOD) if account.edition >= 2 else None
    raw = await workflow.execute_activity(
        asked.activity,
        asked.argument,
        result_type=RawValue,
        start_to_close_timeout=ATTEMPT_TIMEOUT,
        schedule_to_close_timeout=patience,
        retry_policy=STRIPE_RETRY_POLICY,
        summary=asked.summary,
    )
    outcome: EffectOutcome = read_result(raw, asked.answer)
    if not _is_about(effect, outcome):
        raise ValueError(f"{UNREADABLE} It is about something else.")
    if isinstance(effect, ChangePaymentMethod | ChangeEmail):
        return outcome.model_copy(update={"asked_by": effect.asked_by})
    return outcome


def _is_about(effect: StripeEffect, outcome: Any) -> bool:
    """Whether an answer is about what was asked: the core takes no other, and would wait for one for ever."""
    match effect:
        case Collect(payment=payment):
            return bool(outcome.payment_key == payment.key)
        case RetrieveInvoice(payment_key=key) | VoidInvoice(payment_key=key):
            return key is None or bool(outcome.payment_key == key)
        case ChangeEmail(email=email):
            return bool(outcome.email == email)
        case EraseCustomer(customer_id=customer_id):
            return bool(outcome.customer_id == customer_id)
        case _:
            return True


class _Asked(NamedTuple):
    activity: str
    argument: BaseModel
    answer: Any
    summary: str


def _activity_for(effect: StripeEffect, account: Account, request_id: str, command_id: str | None = None) -> _Asked:
    """Return the activity of an effect: its name, its input, the type of its answer and a summary for the UI."""
    who: dict[str, Any] = {"account_id": account.account_id, "life": account.life, "command_id": command_id}
    who["email"] = account.email
    whose = {**who, "customer_id": account.customer_id}
    known = {"known_from": account.known_from if account.edition >= 2 else None, "paid_keys": account.paid_keys}
    match effect:
        case RegisterCustomer(payment_method=method, customer_id=customer_id):
            register = inputs.RegisterCustomerInput(**who, payment_method=method, customer_id=customer_id)
            answer = CustomerRegistered | CustomerNotRegistered
            return _Asked(names.REGISTER_CUSTOMER, register, answer, "register the customer at Stripe")
        case ChangePaymentMethod(payment_method=method):
            change = inputs.ChangePaymentMethodInput(**whose, **known, payment_method=method, request=request_id)
            return _Asked(names.CHANGE_PAYMENT_METHOD, change, PaymentMethodChanged, "change the payment method")
        case ChangeEmail(email=email):
            move = inputs.ChangeEmailInput(**{**whose, **known, "email": email})
            return _Asked(names.CHANGE_EMAIL, move, EmailChanged, "change the billing e-mail")
        case Collect(payment=payment):
            methods = account.policy.payment_methods
            collect = inputs.CollectInput(**whose, **known, payment=payment, payment_methods=methods)
            amount = formatted(payment.quote.amount_due, payment.quote.currency)
            summary = f"collect {amount}: payment {quoted(payment.key)}, attempt {payment.attempt}"
            return _Asked(names.COLLECT, collect, PaymentOutcome, summary)
        case RetrieveInvoice(payment_key=key, invoice_id=invoice_id):
            invoice = inputs.InvoiceInput(**whose, **known, payment_key=key, invoice_id=invoice_id)
            return _Asked(
                names.RETRIEVE_INVOICE,
                invoice,
                InvoiceObserved,
                f"ask Stripe about {quoted(key) if key else 'the invoices'}",
            )
        case VoidInvoice(payment_key=key, invoice_id=invoice_id):
            void = inputs.InvoiceInput(**whose, **known, payment_key=key, invoice_id=invoice_id)
            return _Asked(names.VOID_INVOICE, void, InvoiceVoided, f"void the invoice of {quoted(key)}")
        case RetrieveRefund(object_id=object_id):
            refund = inputs.RefundInput(**whose, object_id=object_id)
            return _Asked(
                names.RETRIEVE_REFUND, refund, RefundObserved | NothingObserved, f"ask Stripe about {quoted(object_id)}"
            )
        case EraseCustomer(customer_id=customer_id):
            erase = inputs.CustomerInput(**{**who, "email": None}, customer_id=customer_id)
            return _Asked(names.ERASE_CUSTOMER, erase, CustomerErased, "erase at Stripe who the customer was")


def failed(effect: StripeEffect, reason: str) -> EffectOutcome:
    """Return what an effect came to that has given no answer (R8): no more than is certain.

    An attempt to collect may have asked for money before it failed: how it went is not known, and is asked again.
    """
    if isinstance(effect, Collect):
        return NotKnown(payment_key=effect.payment.key, reason=reason)
    return not_begun(effect, reason)


def not_begun(effect: StripeEffect, reason: str) -> EffectOutcome:
    """Return what an effect came to that has not been begun, or has changed nothing, for `reason`."""
    match effect:
        case RegisterCustomer():
            return CustomerNotRegistered(reason=reason)
        case Collect(payment=payment) if payment.not_known_since:
            return NotKnown(payment_key=payment.key, reason=reason)  # an earlier try may have asked for money
        case Collect(payment=payment):
            return Stopped(payment_key=payment.key, reason=reason)
        case ChangePaymentMethod(asked_by=actor):
            return PaymentMethodChanged(refused=OwnDeclineCode.STRIPE_REFUSED, message=reason, asked_by=actor)
        case ChangeEmail(email=email, asked_by=actor):
            return EmailChanged(email=email, refused=reason, asked_by=actor)
        case RetrieveInvoice(payment_key=key, invoice_id=invoice_id):
            return InvoiceObserved(payment_key=key, invoice_id=invoice_id, invoice=InvoiceState.UNKNOWN, reason=reason)
        case VoidInvoice(payment_key=key, invoice_id=invoice_id):
            return InvoiceVoided(payment_key=key, invoice_id=invoice_id, invoice=InvoiceState.UNKNOWN, reason=reason)
        case RetrieveRefund():
            return NothingObserved(reason=reason)
        case EraseCustomer(customer_id=customer_id):
            return CustomerErased(customer_id=customer_id, refused=reason)


def refusal_of(outcome: EffectOutcome) -> Refusal | None:
    """Return what a command is told whose effect Stripe refused; None if it did not."""
    match outcome:
        case PaymentMethodChanged(refused="resource_missing"):
            return Refusal(
                code=RefusalCode.INVALID_REQUEST,
                message=outcome.message or "Stripe knows no such payment method.",
                field="payment_method",
            )
        case PaymentMethodChanged(refused=str()):
            return Refusal(
                code=RefusalCode.PAYMENT_DECLINED,
                message=outcome.message or "Stripe did not take this payment method. Choose another.",
                decline_code=outcome.refused,
            )
        case EmailChanged(refused=str(reason)):
            return Refusal(
                code=RefusalCode.INVALID_REQUEST, message=f"Stripe did not take this e-mail: {reason}", field="email"
            )
        case _:
            return None
