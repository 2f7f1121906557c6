"""What callers are shown of an account's record."""

from reprise.schemas.accounts import AccountView, NextDeadline, PaymentView
from reprise.statemachine.account import Account
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.standing import is_in_service, renews


def account_view(account: Account) -> AccountView:
    """Return what is to be shown of an account."""
    payment, deadline = account.payment, deadline_of(account)
    return AccountView(
        **{
            name: getattr(account, name)
            for name in AccountView.model_fields
            if name in Account.model_fields and name != "payment"
        },
        in_service=is_in_service(account),
        renews=renews(account),
        next=NextDeadline(**deadline.model_dump()) if deadline else None,
        payment=PaymentView()
        if payment is None
        else PaymentView(
            key=payment.key,
            status=payment.status,
            amount=payment.quote.amount_due,
            currency=payment.quote.currency,
            invoice_id=payment.invoice_id,
            decline_code=payment.decline_code,
            action_url=payment.action_url,
            next_attempt_at=payment.next_attempt_at,
            do_not_retry=payment.do_not_retry,
        ),
    )
