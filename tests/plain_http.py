"""HTTP to servers on this machine: past any proxy, and without certificates, which take 35 ms to load."""

from typing import Any, Final

import httpx

NO_CERTIFICATES: Final = httpx.create_ssl_context(verify=False)
"""What a client of such servers is given in the place of certificates."""


def plain_client(**options: Any) -> httpx.AsyncClient:
    """Return a client of servers that speak plain HTTP; `options` are httpx's."""
    return httpx.AsyncClient(trust_env=False, verify=NO_CERTIFICATES, **options)
