"""Billing policies on the command line: JSON, checked before anything is sent."""

from typing import Any

import typer


def policy(text: str) -> dict[str, Any]:
    """Return what a policy that was typed says; the rest is as for others.

    Raises:
        typer.BadParameter: It is no JSON, or no policy; the message names the field.
    """
    from pydantic import ValidationError  # loaded only where it is needed: commands start quickly

    from reprise.statemachine.policy import BillingPolicy

    try:
        return BillingPolicy.model_validate_json(text).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, each['loc'])) or 'policy'}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
        raise typer.BadParameter(f'{"; ".join(wrong)}. Write JSON, such as {{"retry_days": [1, 3, 5]}}.') from error
