"""A line in the log for each request to Stripe, with Stripe's own id of it: there support finds it again."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe
import structlog

log = structlog.get_logger()


class LoggedRequests(stripe.HTTPXClient):
    """Sends requests to Stripe, and tells of each try: what was asked of which object, and how it was answered.

    No parameters and no bodies: they hold what is the customer's. Whose request it is, is bound by whoever sends it.
    """

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one try of a request."""
        began = time.perf_counter()

        def told() -> dict[str, Any]:
            ms = round((time.perf_counter() - began) * 1000, 1)
            return {"method": method.upper(), "path": urlsplit(url).path, "ms": ms}

        try:
            content, status, answered = await super().request_async(method, url, headers, post_data)
        except BaseException as error:  # cancelled, too: whether Stripe has it is not known
            cause = error.__cause__ or error
            log.warning("stripe request", **told(), status=None, why=type(cause).__name__)
            raise
        log.info("stripe request", **told(), status=status, stripe_request_id=answered.get("request-id"))
        return content, status, answered
