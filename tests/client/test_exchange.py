"""How the client sends: it tries again where that can help, under the same key, and not for ever (R14)."""

import ssl

import httpx
import pytest

from reprise.client import operations
from reprise.client.errors import (
    EngineUnavailable,
    InvalidArgument,
    PaymentStopped,
    TooManyCommands,
    Unavailable,
    Unreachable,
    UnreadableAnswer,
)
from reprise.client.exchange import LONGEST_PAUSE, Options, Outcome
from reprise.schemas.accounts import AccountView
from tests.client.conversations import OPTIONS, answered, converse, problem

ACCOUNT = AccountView.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index] # it has one
REFUSED = httpx.ConnectError("[Errno 111] Connection refused")


def test_R14_a_command_is_tried_again_under_its_key() -> None:
    """A lost connection, a proxy's 502, an engine that is away: one command, whatever it takes."""
    away = answered(503, problem(503, "engine_unavailable"))
    outcomes: list[Outcome] = [REFUSED, httpx.Response(502, text="<html>"), away, answered(200, ACCOUNT)]
    told = converse(operations.cancel("shop-42"), outcomes)
    keys = {each.headers["idempotency-key"] for each in told.sent}
    assert len(told.sent) == 4
    assert keys == {told.answer.idempotency_key}
    assert told.answer.finished
    assert told.answer.account.account_id == "shop-42"


def test_R14_two_commands_have_two_keys_and_a_given_one_is_kept() -> None:
    """A key names one command; whoever repeats one over restarts names it themselves."""
    first, second = operations.enable("shop-42"), operations.enable("shop-42")
    assert first.idempotency_key != second.idempotency_key
    told = converse(operations.enable("shop-42", idempotency_key="mine"), [answered(200, ACCOUNT)])
    assert told.sent[0].headers["idempotency-key"] == told.answer.idempotency_key == "mine"


def test_a_202_is_not_finished() -> None:
    """It was taken, and goes on by itself."""
    assert not converse(operations.reactivate("shop-42"), [answered(202, ACCOUNT)]).answer.finished


def test_Retry_After_is_waited_for() -> None:
    """As long as the API says; less would be turned away again."""
    busy = answered(429, problem(429, "too_many_requests"), retry_after="20")
    told = converse(operations.get_account("shop-42"), [busy, answered(200, ACCOUNT)])
    assert told.pauses == [20.0]


def test_a_wait_beyond_the_time_is_not_begun() -> None:
    """The error is said at once, with the key under which the command may be sent again."""
    busy = answered(429, problem(429, "too_many_commands"), retry_after="61")
    told = converse(operations.cancel("shop-42"), [busy])
    assert isinstance(told.error, TooManyCommands)
    assert told.error.retry_after == 61
    assert told.error.idempotency_key == told.sent[0].headers["idempotency-key"]
    assert told.pauses == []


def test_tries_end_with_their_time() -> None:
    """Pauses grow to a bound, differ, and end before `retry_for` is over; the last error is the answer."""
    told = converse(operations.get_account("shop-42"), [REFUSED] * 1000)
    assert isinstance(told.error, Unreachable)
    assert 8 <= len(told.sent) < 60
    assert sum(told.pauses) < OPTIONS.retry_for
    assert max(told.pauses) <= LONGEST_PAUSE
    assert len(set(told.pauses)) == len(told.pauses)
    assert "Connection refused" in str(told.error)


def test_one_try_where_there_is_no_time() -> None:
    """Its time-out is the try's own."""
    told = converse(operations.get_account("shop-42"), [REFUSED], Options("http://localhost", timeout=7, retry_for=0))
    assert isinstance(told.error, Unreachable)
    assert told.sent[0].extensions["timeout"]["read"] == 7


def test_a_later_try_lasts_no_longer_than_the_time_that_is_left() -> None:
    """Else the last one would overrun it."""
    options = Options("http://localhost", timeout=30, retry_for=1.5)
    told = converse(operations.get_account("shop-42"), [REFUSED, answered(200, ACCOUNT)], options)
    assert told.sent[1].extensions["timeout"]["read"] < 1.5


@pytest.mark.parametrize(
    "certain",
    [
        httpx.LocalProtocolError("Illegal header value"),
        answered(404, problem(404, "account_not_found")),
        answered(409, problem(409, "account_exists")),
        answered(500, problem(500, "internal_error")),
        answered(503, problem(503, "payment_stopped"), retry_after="1"),
    ],
)
def test_R8_what_would_come_to_the_same_is_not_tried_again(certain: "httpx.Response | httpx.RequestError") -> None:
    """`payment_stopped` among it: its key keeps its answer."""
    told = converse(operations.reactivate("shop-42"), [certain])
    assert told.error is not None
    assert len(told.sent) == 1


def test_a_certificate_that_is_not_believed_is_not_tried_again() -> None:
    """It would not be believed then."""
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert len(converse(operations.get_account("shop-42"), [error]).sent) == 1


def test_what_was_said_last_is_what_is_raised() -> None:
    """By its class, with all that the API said."""
    away = answered(503, problem(503, "engine_unavailable"), x_request_id="r-1")
    told = converse(operations.get_account("shop-42"), [REFUSED, *[away] * 9], Options("http://localhost", retry_for=1))
    assert isinstance(told.error, EngineUnavailable)
    assert told.error.request_id == "r-1"
    stopped = converse(operations.reactivate("shop-42"), [answered(503, problem(503, "payment_stopped"))]).error
    assert isinstance(stopped, PaymentStopped)


def test_a_proxys_error_page_is_that_status() -> None:
    """It has no code of Reprise's."""
    told = converse(
        operations.get_account("shop-42"), [httpx.Response(504, text="x")], Options("http://a", retry_for=0)
    )
    assert isinstance(told.error, Unavailable)


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1]), httpx.Response(301), httpx.Response(404)],
)
def test_an_answer_of_somebody_else_is_said_to_be_that(answer: httpx.Response) -> None:
    """A wrong URL leads to pages that are no answer; where a query names accounts, it is not said back."""
    told = converse(operations.list_accounts(cursor="secret").request, [answer])
    assert isinstance(told.error, UnreadableAnswer)
    assert "is not Reprise's API" in str(told.error)
    assert "secret" not in str(told.error)


def test_a_request_says_who_asks_and_how_it_wants_its_answer() -> None:
    """The token is asked for before each try: one that expires can be renewed."""
    tokens = iter(["first", "second"])
    options = Options("https://example.com/billing/", lambda: next(tokens), respond_async=True)
    told = converse(operations.cancel("a/b", when="now"), [REFUSED, answered(202, ACCOUNT)], options)
    assert [each.headers["authorization"] for each in told.sent] == ["Bearer first", "Bearer second"]
    assert str(told.sent[0].url) == "https://example.com/billing/v1/accounts/a%2Fb/cancel"
    assert told.sent[0].headers["prefer"] == "respond-async"
    assert told.sent[0].headers["user-agent"].startswith("reprise-python/")
    assert told.sent[0].content == b'{"when":"now"}'


@pytest.mark.parametrize("url", ["billing.example.com", "ftp://billing.example.com", "http://", "", "http://a?x=1"])
def test_what_is_no_URL_is_refused_at_once(url: str) -> None:
    """Not by the first request."""
    with pytest.raises(InvalidArgument, match="is not the URL of an API"):
        Options(url)


@pytest.mark.parametrize("token", ["two\nlines", "ein Wört"])
def test_what_is_no_token_is_refused_and_not_said(token: str) -> None:
    """It may be a secret all the same."""
    error = converse(operations.get_account("shop-42"), [], Options("http://localhost", token)).error
    assert isinstance(error, InvalidArgument)
    assert token not in str(error)


def test_what_cannot_be_sent_is_refused_before_anything_is() -> None:
    """An empty id would lead to the list; a key is one line; text is Unicode."""
    for made in (
        lambda: operations.get_account(""),
        lambda: operations.get_account("\udcff"),
        lambda: operations.cancel("shop-42", idempotency_key="two words"),
        lambda: operations.cancel("shop-42", idempotency_key=""),
    ):
        with pytest.raises(InvalidArgument):
            made()
    told = converse(operations.cancel("shop-42", reason="\udcff"), [])
    assert isinstance(told.error, InvalidArgument)
