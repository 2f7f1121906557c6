"""The way into Stripe's customer portal, where billing information is edited."""

import stripe

from reprise.accounts.client import Accounts
from reprise.accounts.errors import AccountNotFound
from reprise.errors import Unavailable
from reprise.statemachine.account import AccountState
from reprise.stripe_api.customers import portal_url


async def customer_portal(
    client: stripe.StripeClient, accounts: Accounts, account_id: str, return_url: str, *, new_card_to: str | None = None
) -> str:
    """Return an address of Stripe's customer portal that leads back to `return_url`.

    With `new_card_to` it asks for another payment method alone, and leads on to that address once there is one.

    Raises:
        AccountNotFound: There is no such account, or it is closed: nothing of it is left to edit.
        CustomerGone: Its customer was deleted at Stripe.
        Unavailable: Its customer is not registered yet, or Stripe is out of reach.
    """
    customer = await accounts.customer_id(account_id)
    if customer is not None:
        return await portal_url(client, customer, return_url, new_card_to=new_card_to)
    if (await accounts.account(account_id)).state is AccountState.CLOSED:
        raise AccountNotFound
    raise Unavailable("The account's customer is still being registered with Stripe. Try again.")
