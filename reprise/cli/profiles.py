"""Profiles: where APIs are and by which token they are asked, by name, in a TOML file that only its owner can read.

```toml
[profile.production]
url = "https://billing.example.com"
token = "eyJ…"
```
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reprise.cli.errors import CliError
from reprise.local.errors import LocalError
from reprise.local.private import write_private

DEFAULT = "default"
"""The profile that is used where none is named and nothing else says where the API is."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LINE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Profile:
    """One API, and the token that it alone is sent."""

    url: str
    token: str | None = None


def file() -> Path:
    """Return where profiles are kept: `REPRISE_CONFIG_FILE`, or `reprise/profiles.toml` in the user's configuration."""
    if named := os.environ.get("REPRISE_CONFIG_FILE"):
        return Path(named)
    configuration = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else Path.home() / ".config") / "reprise" / "profiles.toml"


def kept() -> dict[str, Profile]:
    """Return the profiles by their names; none where there is no file.

    Raises:
        CliError: The file cannot be read, is no file of profiles, or holds tokens and can be read by others.
    """
    path = file()
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            given = tomllib.load(opened)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _spoilt(path, error.strerror or str(error)) from error
    except ValueError as error:  # TOML's own, and text that is not UTF-8
        raise _spoilt(path, str(error)) from error
    profiles = _read(path, given)
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and any(each.token for each in profiles.values()):
        message = f"{path} holds tokens and can be read by others: close it with `chmod 600 {path}`."
        raise CliError(message, "profiles_not_private")
    return profiles


def named(name: str) -> Profile:
    """Return one profile.

    Raises:
        CliError: There is none of this name.
    """
    profiles = kept()
    if name not in profiles:
        known = f"there are {', '.join(sorted(profiles))}" if profiles else "there are none"
        message = f"There is no profile {name!r} in {file()}: {known}. `reprise profile set {name} --url URL` makes it."
        raise CliError(message, "profile_not_found")
    return profiles[name]


def keep(name: str, profile: Profile) -> None:
    """Write a profile, in the place of the one of this name if there is one.

    Raises:
        CliError: The name or a value is none, or the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise CliError(f"{name!r} is no name: letters, digits, - and _, 64 at the most.", "invalid_profile")
    for word, value in (("url", profile.url), ("token", profile.token)):
        if value is not None and not _LINE.fullmatch(value):
            raise CliError(f"The {word} must be visible ASCII characters, without spaces.", "invalid_profile")
    _write({**kept(), name: profile})


def forget(name: str) -> None:
    """Delete a profile.

    Raises:
        CliError: There is none of this name, or the file cannot be written.
    """
    named(name)
    _write({each: profile for each, profile in kept().items() if each != name})


def _read(path: Path, given: Mapping[str, Any]) -> dict[str, Profile]:
    """Return what a file says; anything in it that is no profile's is a mistake, and is named."""
    profiles = {}
    for table, inside in given.items():
        if table != "profile" or not isinstance(inside, dict):
            raise _spoilt(path, f"{table!r} is no table of profiles, such as [profile.production]")
        for name, values in inside.items():
            if not isinstance(values, dict) or not isinstance(values.get("url"), str):
                raise _spoilt(path, f"profile {name!r} has no url")
            wrong = [each for each, value in values.items() if each not in _FIELDS or not isinstance(value, str)]
            if wrong:
                raise _spoilt(path, f"{wrong[0]!r} of profile {name!r} is neither url nor token, or is no text")
            profiles[name] = Profile(**values)
    return profiles


_FIELDS = frozenset(Profile.__dataclass_fields__)


def _write(profiles: Mapping[str, Profile]) -> None:
    blocks = []
    for name, profile in sorted(profiles.items()):
        values = {word: value for word, value in asdict(profile).items() if value is not None}
        # A JSON string of visible ASCII is the same string in TOML (toml.io/en/v1.0.0#string).
        lines = [f"[profile.{json.dumps(name)}]", *(f"{word} = {json.dumps(value)}" for word, value in values.items())]
        blocks.append("\n".join(lines) + "\n")
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, "\n".join(blocks))
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}.", "profiles_not_written") from error
    except LocalError as error:
        raise CliError(str(error), "profiles_not_written") from error


def _spoilt(path: Path, why: str) -> CliError:
    return CliError(f"{path} cannot be read as profiles: {why}.", "profiles_not_readable")
