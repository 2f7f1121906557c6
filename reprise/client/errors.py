"""Why a request did not come to what was asked for: the problems of the API (RFC 9457) as exceptions, by their `code`.

Everything raised here is a `ClientError`. A code that this release does not know is an exception of its status, and
every status is a `Problem`.
"""

from typing import Any, ClassVar

import httpx
from pydantic import ValidationError

from reprise.schemas.accounts import AccountView
from reprise.schemas.problems import FieldError, ProblemBody
from reprise.statemachine.quotes import Quote
from reprise.statemachine.unknown import READING


class ClientError(Exception):
    """A request that failed. The message is a sentence for people; programs decide by `code`, or by the class.

    `idempotency_key` is the one that it was sent with, if any: sent again under it, it is done once at most (R14).
    """

    code: str = "error"
    idempotency_key: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the error as problem details."""
        return {"type": "about:blank", "title": _title(self.code), "detail": str(self), "code": self.code}


class InvalidArgument(ClientError, ValueError):
    """A value that cannot be sent, such as an empty id or a token of two lines: refused before anything was."""

    code = "invalid_argument"


class Unreachable(ClientError):
    """No answer came, over all tries: whether the request was taken is not known. Send it again under the same key."""

    code = "unreachable"


class UnreadableAnswer(ClientError):
    """What answers is not Reprise's API, or one of a release with another contract."""

    code = "unreadable_answer"

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        super().__init__(
            f"What answers at {response.url.copy_with(query=None)} is not Reprise's API as this client knows it:"
            f" HTTP {response.status_code} with {kind}. Is the URL right?"
        )


class Problem(ClientError):
    """An answer that is an error. `status` is HTTP's.

    `errors` names the inputs at fault (`InvalidRequest`), `quote` what it costs now (`QuoteChanged`), `decline_code`
    why the bank declined (`PaymentDeclined`), `account` how the account stands, where that is known; `retry_after` is
    in seconds.
    """

    statuses: ClassVar[tuple[int, ...]] = ()
    """The statuses of which an unknown code is this."""

    def __init__(self, body: ProblemBody, response: httpx.Response) -> None:
        super().__init__(body.detail)
        self.body = body
        self.status = response.status_code
        self.code = body.code
        self.detail = body.detail
        self.request_id: str | None = response.headers.get("x-request-id")
        self.retry_after = retry_after(response)

    @property
    def errors(self) -> list[FieldError]:
        """The inputs at fault."""
        return self.body.errors or []

    @property
    def quote(self) -> Quote | None:
        """What reactivating costs now."""
        return self.body.quote

    @property
    def decline_code(self) -> str | None:
        """Why a payment was declined: Stripe's code, or one of Reprise's own."""
        return self.body.decline_code

    @property
    def account(self) -> AccountView | None:
        """The account as it stands."""
        return self.body.account

    def as_json(self) -> dict[str, Any]:
        """Return the error as the API said it."""
        return self.body.model_dump(mode="json", exclude_none=True)


class Unauthorized(Problem):
    """401: there is no token, or it is expired, revoked or meant for another service."""

    statuses = (401,)


class PaymentFailed(Problem):
    """402: nothing was charged."""

    statuses = (402,)


class PaymentDeclined(PaymentFailed):
    """The bank said no; `decline_code` is why. Another payment method can help."""


class NoPaymentMethod(PaymentFailed):
    """The account has no payment method. Set one first."""


class Forbidden(Problem):
    """403: the token may not do this."""

    statuses = (403,)


class BillingAccessRequired(Forbidden):
    """The token is of this account, without Billing Access (R19)."""


class OperatorRequired(Forbidden):
    """Only the people who run the service may do this (R19)."""


class InsufficientScope(Forbidden):
    """The operator's token lacks the scope that this takes; the message names it."""


class NotFound(Problem):
    """404: there is nothing at this address."""

    statuses = (404,)


class AccountNotFound(NotFound):
    """There is no such account, or it is not the caller's (R19)."""


class ReconciliationNotFound(NotFound):
    """There is no such reconciliation, or it is older than what Temporal keeps."""


class Conflict(Problem):
    """409: the account stands otherwise than the request needs. Nothing was changed."""

    statuses = (409,)


class AccountExists(Conflict):
    """The id is taken, for good (R1)."""


class AlreadyInService(Conflict):
    """There is nothing to bring back (R6)."""


class NotInService(Conflict):
    """There is nothing to cancel, or to take out of service (R3)."""


class PaymentInProgress(Conflict):
    """A payment is under way: wait for its outcome (R14)."""


class DisabledByOperator(Conflict):
    """An operator holds the account, and an operator lifts that (R6)."""


class QuoteChanged(Conflict):
    """It costs another amount than expected: `quote` says which (R7)."""


class StateChanged(Conflict):
    """The account stands otherwise by now than the person saw who asked."""


class AccountClosed(Conflict):
    """The account is closed, for good (R13)."""


class AccountStopped(Conflict):
    """The account's workflow was ended from outside: commands wait for `restore` (R27)."""


class AccountRunning(Conflict):
    """The account's workflow runs: there is nothing to restore (R27)."""


class RecordUnreadable(Conflict):
    """The last record cannot be read from the account's history: `from_run_start` takes an earlier one (R27)."""


class RecordOutdated(Conflict):
    """The account has a newer record than the one given (R27)."""


class CustomerGone(Conflict):
    """The customer was deleted at Stripe: set a payment method, and it is registered anew (R23)."""


class ReconciliationRunning(Conflict):
    """A reconciliation runs already: its id stands in the message."""


class IdempotencyKeyReused(Conflict):
    """The key was used for another request: use a new one for each (R14)."""


class InvalidRequest(Problem):
    """422: an input is wrong; `errors` names it. Nothing was recorded (R20)."""

    statuses = (400, 413, 415, 422)


class TooManyRequests(Problem):
    """429, over all tries: of this caller, or on this account. Nothing was changed."""

    statuses = (429,)


class TooManyCommands(TooManyRequests):
    """The account has more commands to take than it can: the same key may be sent again later."""


class InternalError(Problem):
    """500: something went wrong in the API, and has been logged there; `request_id` finds it."""

    statuses = (500,)


class Unavailable(Problem):
    """The API, or what it needs, is out of reach."""

    statuses = (408, 502, 503, 504)


class EngineUnavailable(Unavailable):
    """503, over all tries: Temporal, a worker or Stripe is out of reach. Send it again under the same key."""


class PaymentStopped(Unavailable):
    """Stripe refused Reprise's own request: nothing was charged. Try again later, under a new key."""


def _all(kind: type[Problem]) -> list[type[Problem]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _all(below))]


def code_of(kind: type[Problem]) -> str:
    """Return the `code` that an exception of this class is named after: `QuoteChanged` is `quote_changed`."""
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in kind.__name__).removeprefix("_")


_BY_CODE = {code_of(each): each for each in _all(Problem)}
_BY_STATUS = {status: each for each in _all(Problem) for status in vars(each).get("statuses", ())}


def problem_of(response: httpx.Response) -> ClientError:
    """Return what an answer that is no success says.

    One without problem details is from something between client and API; a status that such things give (502, 503, …)
    is that problem, any other is unreadable.
    """
    try:
        body = ProblemBody.model_validate_json(response.content, context=READING, extra="ignore")
    except ValidationError:
        if response.status_code < 500:
            return UnreadableAnswer(response)
        detail = (
            f"HTTP {response.status_code} {response.reason_phrase} from {response.url.host}, without an explanation."
        )
        body = ProblemBody(title=response.reason_phrase, status=response.status_code, detail=detail, code="unavailable")
    kind = _BY_CODE.get(body.code) or _BY_STATUS.get(response.status_code, Problem)
    return kind(body, response)


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of `Retry-After`; None where there are none, or it is a date."""
    try:
        seconds = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()
