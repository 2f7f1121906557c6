"""Values that a later release may add: refused where they are given, kept as text where a client reads them."""

from typing import Any, Final

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

READING: Final[dict[str, bool]] = {"reading": True}
"""The validation context of whoever reads an answer of a server that may be of a later release."""


def _kept(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return handler(value)
    except ValidationError:
        if isinstance(value, str) and info.context == READING:
            return value
        raise


KeptWhenRead: Final = WrapValidator(_kept)
"""Of an enum's field: a value that this release does not know stays the text that it is, in the context `READING`.

It then equals none of the known values, and no predicate holds for it.
"""
