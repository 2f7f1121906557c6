"""R8: what an answer means that is in no shape of Stripe's, from a server that sends what it was told to."""

from contextlib import AbstractAsyncContextManager

import pytest
import stripe

from reprise.stripe_api.client import understood
from reprise.stripe_api.errors import is_transient
from tests.stripe_api.answering import Answer, answering

INVOICE = '"id": "in_1", "object": "invoice", "currency": "usd", "total": 1, "amount_due": 1, "starting_balance": 0'


def always(status: int, body: str) -> AbstractAsyncContextManager[stripe.StripeClient]:
    """Open a client of a server that gives everybody the same answer."""
    return answering(lambda _method, _path: Answer(status, body))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "{}"),
        (200, "[]"),
        (200, '"paid"'),
        (200, "null"),
        (200, '{"object": "invoice", "id": "in_1", "status": "paid"}'),
        (200, '{"object": "event"}'),
        (200, f"{{{INVOICE}}}"),
        (400, "{}"),
        (400, '{"error": null}'),
        (402, '{"error": []}'),
        (403, '{"error": "forbidden"}'),
        (404, "[]"),
        (500, '{"error": {}}'),
        (418, '{"error": {"message": "I am a teapot", "type": "invalid_request_error"}}'),
        (424, '{"error": {"message": "later", "type": "api_error"}}'),
    ],
)
async def test_R8_an_answer_in_no_shape_of_stripes_leaves_open_what_happened(status: int, body: str) -> None:
    """Neither a success, nor a refusal, nor a defect of ours."""
    async with always(status, body) as client:
        with pytest.raises(stripe.StripeError) as failed:
            await understood(client.v1.invoices.retrieve_async("in_1"))
        assert is_transient(failed.value)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
async def test_R8_a_refusal_of_stripes_is_one(status: int) -> None:
    """With the error object that Stripe sends."""
    body = '{"error": {"message": "No.", "type": "invalid_request_error"}}'
    async with always(status, body) as client:
        with pytest.raises(stripe.StripeError) as failed:
            await understood(client.v1.invoices.retrieve_async("in_1"))
        assert not is_transient(failed.value)


async def test_R8_an_answer_of_stripes_is_understood() -> None:
    """An invoice, and one that was deleted."""
    async with always(200, f'{{{INVOICE}, "status": "open", "lines": {{}}}}') as client:
        assert (await understood(client.v1.invoices.retrieve_async("in_1"))).status == "open"
    async with always(200, '{"id": "in_1", "object": "invoice", "deleted": true}') as client:
        assert (await understood(client.v1.invoices.delete_async("in_1"))).id == "in_1"
