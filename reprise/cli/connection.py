"""To which API a command speaks, and by which token: flags, environment, a profile, or the running `reprise dev`."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from reprise.cli import profiles
from reprise.cli.errors import CliError
from reprise.cli.exit_codes import ExitCode

DATA = ".reprise"
"""Where `reprise dev` keeps its data, by itself."""

_LASTS = timedelta(minutes=10)
"""How long a token lives that is made for one command."""


@dataclass(frozen=True)
class Connection:
    """An API, and the token that it is sent."""

    url: str
    token: str | None


def connection(
    url: str | None = None, token: str | None = None, profile: str | None = None, data: Path | None = None
) -> Connection:
    """Return where to speak to.

    What is named first counts: `--url`; `--profile`; `--data`, of a running `reprise dev`; REPRISE_URL;
    REPRISE_PROFILE; the `reprise dev` that runs in this directory; the profile `default`. A token goes where it
    belongs: a profile's, and that of `reprise dev`, to its own URL alone, REPRISE_TOKEN to `--url` or REPRISE_URL.
    `--token` goes before all of them.

    Raises:
        CliError: Nothing says where the API is, `reprise dev` does not run, or a profile is missing or not readable.
    """
    flags = profile or data
    if own := url or (None if flags else os.environ.get("REPRISE_URL")):
        return Connection(own, token or os.environ.get("REPRISE_TOKEN"))
    named = profile or (None if data else os.environ.get("REPRISE_PROFILE"))
    if named:
        found: Connection | None = _of_profile(profiles.named(named))
    elif data:
        found = _of_dev(data, named=True)
    else:
        found = _of_dev(Path(DATA), named=False) or _of_default()
    if found is None:
        message = (
            "Nothing says where Reprise's API is. Name it with --url or REPRISE_URL and a token, keep it in a profile"
            " (`reprise profile set default --url URL --token -`), or start `reprise dev` in this directory."
        )
        raise CliError(message, "not_configured")
    return Connection(found.url, token or found.token)


def _of_profile(profile: profiles.Profile) -> Connection:
    return Connection(profile.url, profile.token)


def _of_default() -> Connection | None:
    profile = profiles.kept().get(profiles.DEFAULT)
    return _of_profile(profile) if profile else None


def _of_dev(data: Path, *, named: bool) -> Connection | None:
    """Return the `reprise dev` that runs on a directory; its token is made here, by the secret that it keeps.

    Raises:
        CliError: What is kept there cannot be read; or nothing runs there, where it was named.
    """
    from reprise.local import directory
    from reprise.local.errors import LocalError
    from reprise.local.secrets import jwt_secret

    try:
        running = directory.find_running(data)
        if running is None and not named:
            return None
        secret = jwt_secret(data)
    except LocalError as error:
        raise CliError(str(error), "dev_not_readable", ExitCode.ERROR) from error
    if running is None or secret is None:
        message = f"No `reprise dev` runs on {data}: start it, or say where its data is with --data."
        raise CliError(message, "dev_not_running", ExitCode.ERROR)
    from reprise.http.minting import mint

    made = mint(secret, sub="cli", scope="operator", accounts=[], ttl=_LASTS)
    return Connection(running.api, made)
