"""What the reference says, in the core's words: its commands, its events; and the core's effects in the reference's."""

from datetime import datetime

from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
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
from reprise.statemachine.machine import Event
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    CustomerErased,
    CustomerNotRegistered,
    CustomerRegistered,
    Declined,
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NothingObserved,
    NotKnown,
    Paid,
    PaymentMethodChanged,
    Processing,
    RefundObserved,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.quotes import Quote as CoreQuote
from reprise.statemachine.terms import Term as CoreTerm
from reprise.statemachine.timeline import Actor, ActorKind
from tests.reference.deeds import Deed
from tests.reference.life import Seen
from tests.reference.months import Term
from tests.reference.standing import Ask, Debt, Found, Quote
from tests.reference.stripe import Told

USER, OPERATOR = Actor(kind=ActorKind.USER, id="u1"), Actor(kind=ActorKind.OPERATOR, id="o1")
WRONG_KEY = "Invalid API Key provided"


def command_of(deed: Deed, page: Seen, method: str, now: datetime) -> AnyCommand:
    """Return the command of a deed, with what its page said."""
    match deed:
        case Deed("cancel", when) | Deed("cancel_as_seen", (when, _, _)):
            state = AccountState(page.state) if page.state else None
            return Cancel(when=when, expected_state=state, expected_payment=page.payment, actor=USER)
        case Deed("reactivate"):
            return Reactivate(expected_amount=page.amount, actor=USER)
        case Deed("set_carts", carts):
            return SetCarts(carts=carts, actor=USER)
        case Deed("set_payment_method"):
            return SetPaymentMethod(payment_method=method, actor=USER)
        case Deed("set_email", email):
            return SetEmail(email=email, actor=USER)
        case Deed("disable"):
            return Disable(reason="check", actor=OPERATOR)
        case Deed("enable"):
            return Enable(actor=OPERATOR)
        case Deed("extend_term", days):
            return ExtendTerm(days=days, actor=OPERATOR)
        case Deed("extend_until", span):
            return ExtendTerm(until=now + span, actor=OPERATOR)
        case Deed("change_plan", (currency, unit_amount)):
            return ChangePlan(plan=Plan(currency=currency, unit_amount=unit_amount), actor=OPERATOR)
        case Deed("close"):
            return Close(actor=OPERATOR)
    raise AssertionError(f"no such deed: {deed}")


def ask_of(effect: StripeEffect) -> Ask:
    """Return what an effect asks of Stripe."""
    match effect:
        case RegisterCustomer(payment_method=method, customer_id=customer):
            return Ask("register", method, customer=customer)
        case ChangePaymentMethod(payment_method=method, asked_by=actor):
            assert actor == USER
            return Ask("change_method", method)
        case ChangeEmail(email=email, asked_by=actor):
            assert actor == USER
            return Ask("change_email", email)
        case Collect(payment=payment):
            assert payment.quote.amount_due == sum(line.amount for line in payment.quote.lines)
            return Ask("collect", payment.key, payment.attempt, quote_of(payment.quote))
        case RetrieveInvoice(payment_key=key):
            return Ask("look", key)
        case VoidInvoice(payment_key=key):
            return Ask("void", key)
        case RetrieveRefund(object_id=about):
            return Ask("retrieve_refund", about)
        case EraseCustomer(customer_id=customer):
            return Ask("erase", customer)


def quote_of(quote: CoreQuote) -> Quote:
    """Return a quote of the core; its lines beside the month are debts (R12)."""
    unpaid = [line for line in quote.lines if line.description.startswith("Unpaid")]
    months = [line for line in quote.lines if line not in unpaid]
    for line in quote.lines:
        assert line.amount == line.quantity * line.unit_amount or line.description == "An earlier payment"
    return Quote(
        quote.amount_due,
        quote.currency,
        quote.carts,
        quote.unit_amount,
        term_of(quote.term),
        tuple(Debt(line.amount, quote.currency, term_of(line.period)) for line in unpaid),
        term_of(months[0].period) if months else None,
    )


def term_of(term: CoreTerm) -> Term:
    """Return a term of the core."""
    return Term(term.start, term.end)


def _invoice(found: Found) -> Invoice:
    return Invoice(
        payment_key=found.key,
        invoice_id=f"in_{found.key}",
        state=InvoiceState(found.state),
        amount=found.amount,
        currency=found.currency,
        charged=found.charged,
        quantity=found.carts,
        unit_amount=found.unit_amount,
        period=CoreTerm(start=found.term.start, end=found.term.end) if found.term else None,
    )


def event_of(answer: Told) -> Event:
    """Return an answer of Stripe's as an event of the core."""
    facts = answer.facts
    key = facts.get("key")
    asked = {"payment_key": key}
    known = {**asked, "payment_method": facts.get("method"), "invoice_id": f"in_{key}"}
    match answer.what:
        case "registered":
            return CustomerRegistered(
                customer_id=facts["customer"],
                refused=facts["refused"],
                email_refused="Invalid email address" if facts["email_refused"] else None,
            )
        case "not_registered":
            return CustomerNotRegistered(reason=WRONG_KEY)
        case "method_changed":
            return PaymentMethodChanged(refused=facts["refused"], asked_by=USER, customer_id=facts.get("customer"))
        case "email_changed":
            refused = "Invalid email address" if facts["refused"] else None
            return EmailChanged(email=facts["email"], refused=refused, asked_by=USER, customer_id=facts.get("customer"))
        case "paid":
            return Paid.model_validate(known | {"charged": facts["charged"]})
        case "processing":
            return Processing.model_validate(known)
        case "declined" if facts["code"] == "no_payment_method":
            return NoPaymentMethod.model_validate(known)
        case "declined":
            return Declined.model_validate(known | {"code": facts["code"], "advice": facts["advice"]})
        case "requires_action":
            return RequiresAction.model_validate(known | {"url": "https://pay.example.com/in"})
        case "stopped":
            return Stopped.model_validate(asked | {"reason": WRONG_KEY})
        case "not_known":
            return NotKnown.model_validate(asked | {"reason": "no answer"})
        case "customer_deleted":
            return CustomerDeleted.model_validate(known | {"customer_id": facts["customer"]})
        case "earlier":
            return EarlierPayment.model_validate(asked | {"found": _invoice(facts["found"])})
        case "observed":
            return InvoiceObserved(
                payment_key=key,
                invoice_id=f"in_{key}" if facts["invoice"] not in {"missing", "unknown"} else None,
                invoice=InvoiceState(facts["invoice"]),
                payment_method=facts.get("method"),
                charged=facts.get("charged"),
                decline_code=facts.get("code"),
                advice=facts.get("advice"),
                found=tuple(_invoice(each) for each in facts.get("found", ())),
                customer_id=facts.get("customer"),
            )
        case "voided":
            found = _invoice(facts["found"]) if "found" in facts else None
            invoice = InvoiceState(facts["invoice"])
            named = {"invoice_id": known["invoice_id"]} if invoice in {"open", "processing", "paid"} else {}
            return InvoiceVoided.model_validate(asked | named | {"invoice": invoice, "found": found})
        case "erased":
            return CustomerErased(customer_id="cus_1", refused=WRONG_KEY if facts["refused"] else None)
        case "refund_seen":
            about = {"object_id": facts["about"], "payment_key": key, "invoice_id": known["invoice_id"]}
            return RefundObserved.model_validate({**facts, **about})
        case "nothing":
            return NothingObserved(reason=WRONG_KEY)
    raise AssertionError(f"no such answer: {answer}")
