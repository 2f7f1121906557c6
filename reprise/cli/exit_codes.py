"""With which exit code a command ends: one for each kind of failure, so that scripts need read no sentence."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command came to. The table in docs/cli.md is written from these."""

    OK = 0
    """Done."""

    ERROR = 1
    """Something else: an answer that is not Reprise's, a fault of the API's, or "no" to a question."""

    USAGE = 2
    """The command line or an input is wrong, or what cannot be undone was not confirmed. Nothing was changed."""

    NOT_FOUND = 3
    """There is no such account, or it is not the token's to see."""

    REFUSED = 4
    """The account stands otherwise than the command needs. Nothing was changed."""

    PAYMENT = 5
    """A payment was declined, there is no payment method, or the payer has to confirm the payment."""

    UNAUTHORIZED = 6
    """There is no valid token, or it may not do this."""

    UNAVAILABLE = 7
    """The API, or what it needs, is out of reach, or turns requests away for now. Try again later."""

    ACCEPTED = 8
    """The command was taken and goes on by itself: its outcome is not known yet."""


def code_of(error: Exception) -> ExitCode:
    """Return the exit code of a request that failed."""
    from reprise import client

    match error:
        case client.NotFound():
            return ExitCode.NOT_FOUND
        case client.Conflict():
            return ExitCode.REFUSED
        case client.PaymentFailed():
            return ExitCode.PAYMENT
        case client.Unauthorized() | client.Forbidden():
            return ExitCode.UNAUTHORIZED
        case client.InvalidRequest() | client.InvalidArgument():
            return ExitCode.USAGE
        case client.Unreachable() | client.Unavailable() | client.TooManyRequests():
            return ExitCode.UNAVAILABLE
        case _:
            return ExitCode.ERROR
