"""Announcements as a receiver takes them: verified by their signature, then read (R18)."""

from collections.abc import Mapping

from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from reprise.schemas.announcements import Announcement
from reprise.statemachine.unknown import READING


class InvalidAnnouncement(Exception):  # noqa: N818 - named after what came
    """What came was not signed by Reprise, is too old, or is no announcement: answer 401, and do nothing."""


def verified(body: bytes | str, headers: Mapping[str, str], *secrets: str) -> Announcement:
    """Return the announcement that a request to the product's endpoint brings, once its signature is verified.

    Announcements come at least once, each account's in order: keep the `sequence` of the last one of each account, and
    pass over what is not newer.

    Args:
        body: The request's body, as it came.
        headers: Its headers; the case of their names does not matter.
        secrets: The endpoint's secret, `whsec_…`; two, while one is exchanged for the other.

    Raises:
        InvalidAnnouncement: No secret fits, the signature is older than five minutes, or the body is not readable.
        ValueError: No secret was given.
    """
    if not secrets:
        raise ValueError("an announcement is verified by a secret: give the endpoint's")
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    lowered = {name.lower(): value for name, value in headers.items()}
    if not any(_is_signed(text, lowered, each) for each in secrets):
        raise InvalidAnnouncement("The signature is wrong, or older than five minutes.")
    try:
        return Announcement.model_validate_json(text, context=READING, extra="ignore")
    except ValidationError as error:
        raise InvalidAnnouncement("The body is not an announcement.") from error


def _is_signed(text: str, headers: dict[str, str], secret: str) -> bool:
    webhook = Webhook(secret)
    try:
        webhook.verify(text, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # the latter where a signature is not even the form of one
        return False
    return True
