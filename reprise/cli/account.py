"""`reprise account`: one account, over the API: how it stands, and what billing users do with it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprise.cli.commands import group
from reprise.cli.exit_codes import ExitCode
from reprise.cli.instants import instant
from reprise.cli.policies import policy
from reprise.cli.remote import Answer, Remote, Yes, remote_command

if TYPE_CHECKING:
    from reprise.client import CommandResult

account = group("account", "One account: how it stands, and what is done with it.")

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.", show_default=False)]

IdempotencyKey = Annotated[
    str | None, typer.Option(help="Repeats under the same key get the first answer; by default a new key.")
]
"""What every command has that changes an account (R14)."""

Limit = Annotated[int, typer.Option(help="How many at the most.", min=1, max=100)]

Cursor = Annotated[str | None, typer.Option(help="`next_cursor` of the page before.")]

FEEDBACK = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)


def answered(result: "CommandResult", done: str) -> Answer:
    """Return what a command to an account came to.

    Args:
        result: The API's answer.
        done: What is said where it is done.
    """
    view = result.account
    if result.finished:
        return Answer(view, note=done)
    if view.payment.awaits_payer:
        note = f"The payer has to confirm the payment, at {view.payment.action_url}: then it goes on by itself."
        return Answer(view, note=note, exit_code=ExitCode.PAYMENT)
    note = "Taken, and not finished yet: it goes on by itself. `reprise account show` tells how it stands."
    return Answer(view, note=note, exit_code=ExitCode.ACCEPTED)


@remote_command(
    account,
    "reprise account open shop-42 --email owner@example.com --carts 3 --unit-amount 2500 --payment-method pm_card_visa",
    "reprise account open shop-43 --email o@example.com --carts 1 --unit-amount 900 --currency eur"
    " --paid-through 2027-03-01T00:00Z",
    "reprise account open shop-44 --email o@example.com --carts 1 --unit-amount 2500"
    """ --policy '{"payment_methods": ["card", "us_bank_account"]}'""",
)
def open(  # noqa: A001 - the command's name
    remote: Remote,
    account: AccountId,
    email: Annotated[str, typer.Option(help="Where Stripe sends invoices.")],
    carts: Annotated[int, typer.Option(help="How many carts it has.")],
    unit_amount: Annotated[int, typer.Option(help="Price of a cart and month, in minor units: 2500 is 25.00 USD.")],
    currency: Annotated[str, typer.Option(help="A three-letter currency.")] = "usd",
    timezone: Annotated[str | None, typer.Option(help="Whose wall clock terms keep: Europe/Berlin.")] = None,
    payment_method: Annotated[str | None, typer.Option(help="Of Stripe's: pm_….")] = None,
    paid_through: Annotated[
        datetime | None,
        typer.Option(parser=instant, metavar="INSTANT", help="Paid elsewhere until then: nothing is charged now."),
    ] = None,
    anchor: Annotated[
        datetime | None,
        typer.Option(parser=instant, metavar="INSTANT", help="Whose day and time of day its terms keep (import)."),
    ] = None,
    customer_id: Annotated[str | None, typer.Option(help="Its customer at Stripe: cus_… (import).")] = None,
    opened_at: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="When it was opened (import).")
    ] = None,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="It was cancelled elsewhere (import).")] = False,
    billing_policy: Annotated[
        dict[str, Any] | None,
        typer.Option(
            "--policy", parser=policy, metavar="JSON", help="Its billing policy; what is left out stays at the default."
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Open an account. Without --paid-through, the first month is charged at once.

    An account whose first payment fails exists all the same, out of service: `reactivate` is the way on. The exit code
    is 5 then.
    """
    result = remote.client.open_account(
        account,
        email=email,
        carts=carts,
        plan={"currency": currency, "unit_amount": unit_amount},
        timezone=timezone,
        payment_method=payment_method,
        paid_through=paid_through,
        anchor=anchor,
        customer_id=customer_id,
        opened_at=opened_at,
        cancelled=cancelled or None,
        policy=billing_policy,
        idempotency_key=idempotency_key,
    )
    view = result.account
    if result.finished and view.payment.failed:
        note = "Opened, and out of service: its first payment failed. Set a card, then `reprise account reactivate`."
        return Answer(view, note=note, exit_code=ExitCode.PAYMENT)
    return answered(result, "Opened.")


@remote_command(account, "reprise account show shop-42", "reprise account show shop-42 --json | jq -r .state")
def show(remote: Remote, account: AccountId) -> Answer:
    """Show how an account stands: its state and why, its term, its payment, and what it waits for."""
    return Answer(remote.client.get_account(account))


@remote_command(account, "reprise account access shop-42")
def access(remote: Remote, account: AccountId) -> Answer:
    """Say whether an account may work now, and until when. No worker has to be up."""
    return Answer(remote.client.get_access(account))


@remote_command(account, "reprise account quote shop-42")
def quote(remote: Remote, account: AccountId) -> Answer:
    """Show what reactivating would cost now, line by line."""
    return Answer(remote.client.get_reactivation_quote(account))


@remote_command(
    account,
    "reprise account cancel shop-42 --feedback too_expensive",
    "reprise account cancel shop-42 --when now --yes",
)
def cancel(
    remote: Remote,
    account: AccountId,
    when: Annotated[str, typer.Option(help="`term_end`, or `now`: what is left of the term is not used.")] = "term_end",
    now: Annotated[bool, typer.Option("--now", help="The same as --when now.")] = False,
    feedback: Annotated[
        str | None, typer.Option(help=f"Why: {', '.join(FEEDBACK)}.", autocompletion=lambda: list(FEEDBACK))
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in the customer's own words.")] = None,
    yes: Yes = False,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Cancel: service goes on to the term's end, then the account is disabled. Nothing more is charged.

    With --now, and of a past-due account in any case, service ends at once.
    """
    when = "now" if now else when
    if not yes and (when == "now" or remote.client.get_account(account).cancels_at_once):
        remote.confirm(f"Service of {account} ends at once.", yes=yes)
    result = remote.client.cancel(
        account,
        when=when,  # type: ignore[arg-type] # the API says which words there are
        feedback=feedback,  # type: ignore[arg-type] # the same
        reason=reason,
        idempotency_key=idempotency_key,
    )
    return answered(result, "Cancelled.")


@remote_command(
    account,
    "reprise account reactivate shop-42",
    "reprise account reactivate shop-42 --expected-amount 12500",
)
def reactivate(
    remote: Remote,
    account: AccountId,
    expected_amount: Annotated[
        int | None, typer.Option(help="Charge this, in minor units, or nothing; it is not asked then.")
    ] = None,
    yes: Yes = False,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Bring an account back: free within its term, else for the upfront payment of the upcoming month.

    Without --expected-amount the quote is shown, and asked for before it is charged.
    """
    from reprise.cli.rendering import money

    if expected_amount is None and not yes:
        quote = remote.client.get_reactivation_quote(account)
        expected_amount = quote.amount_due
        if expected_amount:
            remote.confirm(f"Charge {money(quote.amount_due, quote.currency)} for {account}.", yes=yes)
    result = remote.client.reactivate(account, expected_amount=expected_amount, idempotency_key=idempotency_key)
    return answered(result, "Back in service.")


@remote_command(account, "reprise account carts shop-42 5")
def carts(
    remote: Remote,
    account: AccountId,
    carts: Annotated[int, typer.Argument(help="How many.", show_default=False)],
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Set the number of carts, from the next quote or renewal on."""
    result = remote.client.set_carts(account, carts, idempotency_key=idempotency_key)
    return answered(result, "Set, from the next quote or renewal on.")


@remote_command(account, "reprise account email shop-42 billing@example.com")
def email(
    remote: Remote,
    account: AccountId,
    email: Annotated[str, typer.Argument(help="The billing e-mail.", show_default=False)],
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Change the billing e-mail; Stripe's customer follows."""
    return answered(remote.client.set_email(account, email, idempotency_key=idempotency_key), "Changed.")


@remote_command(account, "reprise account card shop-42", "reprise account card shop-42 pm_card_visa")
def card(
    remote: Remote,
    account: AccountId,
    payment_method: Annotated[
        str | None, typer.Argument(help="Of Stripe's, to be the default from now on: pm_….", show_default=False)
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Show the card that an account pays with, or set it; a past-due account is collected at once then."""
    if payment_method is None:
        found = remote.client.get_payment_method(account)
        return Answer(found, None if found else "No payment method.")
    result = remote.client.set_payment_method(account, payment_method, idempotency_key=idempotency_key)
    return answered(result, "Set.")


@remote_command(account, "reprise account timeline shop-42", "reprise account timeline shop-42 --limit 100 --json")
def timeline(remote: Remote, account: AccountId, limit: Limit = 20, cursor: Cursor = None) -> Answer:
    """Show what happened to an account, newest first: what, when, who did it."""
    return Answer(remote.client.list_timeline(account, limit=limit, cursor=cursor))


@remote_command(account, "reprise account invoices shop-42")
def invoices(remote: Remote, account: AccountId, limit: Limit = 20, cursor: Cursor = None) -> Answer:
    """Show an account's invoices at Stripe, newest first."""
    return Answer(remote.client.list_invoices(account, limit=limit, cursor=cursor))
