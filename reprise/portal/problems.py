"""What went wrong, said to people: what the API tells programs by a code, in the reader's language, and what to do."""

from collections.abc import Callable
from typing import Final

from reprise.http.problems import Problem
from reprise.portal.localized import LocalFormat

Say = Callable[[LocalFormat], str]


class PageProblem(Problem):
    """A problem that says its sentence in the reader's language already: more than its code alone would."""


_TITLES: Final[dict[int, Say]] = {
    401: lambda local: local.text("Please sign in again"),
    403: lambda local: local.text("Not allowed"),
    404: lambda local: local.text("Not found"),
    410: lambda local: local.text("This link has been used"),
    413: lambda local: local.text("Too large"),
    422: lambda local: local.text("That did not work"),
    425: lambda local: local.text("Not used yet"),
    429: lambda local: local.text("Too many requests"),
    503: lambda local: local.text("Not available right now"),
}

_TOLD: Final[dict[str, Say]] = {
    "account_closed": lambda local: local.text("This account is closed for good."),
    "account_not_found": lambda local: local.text(
        "You are not signed in to this account. Open Profile & Billing from your shop again."
    ),
    "account_stopped": lambda local: local.text(
        "Your account can be seen, but not changed right now. Nothing was changed, and nothing is charged meanwhile."
        " Please contact support."
    ),
    "asked_ahead": lambda local: local.text(
        "This link signs in when it is followed, and not before. It is not used yet."
    ),
    "billing_access_required": lambda local: local.text("You have no Billing Access to this account."),
    "body_too_large": lambda local: local.text("That was too much to send. Nothing was changed."),
    "customer_gone": lambda local: local.text(
        "Your billing information has to be set up anew, which your next payment does. Please contact support to add a"
        " card before."
    ),
    "disabled_by_operator": lambda local: local.text("We took this account out of service. Please contact support."),
    "engine_unavailable": lambda local: local.text(
        "Your account cannot be reached right now. Nothing is lost. If you pressed a button, go back and press it"
        " again: what it does is done once."
    ),
    "form_is_foreign": lambda local: local.text(
        "This form is from before you signed in, or not from these pages. Nothing was changed; open it again."
    ),
    "idempotency_key_reused": lambda local: local.text(
        "This form has been sent before, with something else in it. Nothing was changed; open it again."
    ),
    "invalid_request": lambda local: local.text("Something in the form was missing or wrong. Nothing was changed."),
    "link_is_spent": lambda local: local.text(
        "A sign-in link works once, within five minutes. Open Profile & Billing from your shop to get a new one."
    ),
    "not_in_service": lambda local: local.text("Your account is out of service already. Nothing was changed."),
    "payment_in_progress": lambda local: local.text(
        "A payment is under way, and nothing was changed. Wait until it is done, then try again. A bank transfer takes"
        " a few days."
    ),
    "sign_in_needed": lambda local: local.text(
        "You are signed out. Open Profile & Billing from your shop to sign in again."
    ),
    "too_many_commands": lambda local: local.text(
        "There were too many changes in a short time. Nothing was changed. Try again in a minute."
    ),
    "too_many_requests": lambda local: local.text(
        "There were too many requests in a short time. Nothing was changed. Try again in a minute."
    ),
}


def told_of(code: str, detail: str, local: LocalFormat) -> str:
    """Return what people read of a problem: never another language than the page's.

    Args:
        code: The problem's stable code.
        detail: What programs read, in English.
        local: The reader's language.
    """
    say = _TOLD.get(code)
    if say is not None:
        return say(local)
    if local.locale.language == "en":
        return detail
    return local.text("This did not work, and nothing was changed. Try again, or contact support.")


def title_of(status: int, code: str | None, local: LocalFormat) -> str:
    """Return the heading of the page that tells of a problem."""
    if code == "billing_access_required":
        return local.text("No Billing Access")
    say = _TITLES.get(status)
    return say(local) if say else local.text("Something went wrong")
