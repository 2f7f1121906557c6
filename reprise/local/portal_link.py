"""What `reprise portal-link` does: ask the running API for a one-time link, as the product's backend would."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx

from reprise.local import directory
from reprise.local.errors import LocalError
from reprise.local.secrets import jwt_secret


async def asked_for(account_id: str, user: Mapping[str, str | bool | None], data: Path) -> str:
    """Return the link.

    Args:
        account_id: The account to sign in to.
        user: Whom the product vouches for: `id`, `name`, `billing_access`.
        data: Data directory of a running `reprise dev`.

    Raises:
        LocalError: Nothing runs there, or the API refuses.
    """
    from reprise.http.minting import mint  # loaded only to speak to it

    running, secret = directory.find_running(data), jwt_secret(data)
    if running is None or secret is None:
        raise LocalError(f"No `reprise dev` runs on {data}: start it, or say where its data is with --data.")
    token = mint(secret, sub="cli", scope="operator", accounts=[], ttl=timedelta(minutes=1))
    async with httpx.AsyncClient(base_url=running.api, timeout=10, trust_env=False) as http:
        try:
            answer = await http.post(
                f"/v1/accounts/{quote(account_id, safe='')}/portal-sessions",
                json={"user": user},
                headers={"Authorization": f"Bearer {token}"},
            )
        except httpx.TransportError as error:
            raise LocalError(f"The API does not answer at {running.api} ({error}).") from error
    said = _object(answer)
    if answer.is_success and "url" in said:
        return str(said["url"])
    if "detail" in said:
        raise LocalError(f"The API refuses it: {said['detail']}")
    raise LocalError(f"What answers at {running.api} is not Reprise's API ({answer.status_code}).")


def _object(answer: httpx.Response) -> dict[str, object]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
