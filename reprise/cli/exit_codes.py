"""With which exit code a command ends: one for each kind of failure, so that scripts need read no sentence."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What a command came to."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    PAYMENT = 5
    UNAUTHORIZED = 6
    UNAVAILABLE = 7
    ACCEPTED = 8


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "Done.",
    ExitCode.ERROR: "Something else: a fault of the API's, an answer that is not Reprise's, or no to a question.",
    ExitCode.USAGE: (
        "The command line or an input is wrong, nothing says where the API is, or what cannot be undone was not"
        " confirmed. Nothing was changed."
    ),
    ExitCode.NOT_FOUND: "There is no such account, or it is not the token's to see.",
    ExitCode.REFUSED: "The account stands otherwise than the command needs (409). Nothing was changed.",
    ExitCode.PAYMENT: "Not paid: declined, no payment method, or the payer has to confirm the payment.",
    ExitCode.UNAUTHORIZED: "There is no valid token, or it may not do this.",
    ExitCode.UNAVAILABLE: "The API, or what it needs, is out of reach, or turns requests away: try again later.",
    ExitCode.ACCEPTED: "Taken, and not finished yet (202): it goes on by itself.",
}
"""What each says; the table in docs/cli.md is written from it."""


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
