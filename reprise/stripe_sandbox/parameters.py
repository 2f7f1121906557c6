"""Parameters: Stripe's form encoding, checked against the `stripe` package's own parameter types."""

import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin
from urllib.parse import parse_qsl

import stripe
from stripe._request_options import RequestOptions
from typing_extensions import get_type_hints, is_typeddict

from reprise.stripe_sandbox.errors import bad_parameter, missing_parameter

Parameters = dict[str, Any]

_PART = re.compile(r"\[([^\]]*)\]")

_NEVER_EMPTY = frozenset("customer invoice charge payment_intent payment_method currency id url return_url".split())
"""Parameters that an empty string cannot unset. Stripe does unset a customer's e-mail so (stripe-node 1834)."""


def decoded(form: str) -> Parameters:
    """Return nested parameters from `a[b][0]=c` form encoding.

    Raises:
        StripeFailure: 400: a parameter that is both a value and a dictionary.
    """
    root: Parameters = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        head, *_ = name.split("[", 1)
        parts = [head, *_PART.findall(name)]
        place = root
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            key = str(len(place)) if part == "" else part
            if isinstance(place.get(key), str if following is not None else dict):
                raise bad_parameter("Invalid request: a parameter is given in two ways", code=None, param=head)
            if following is None:
                place[key] = value
            else:
                place = place.setdefault(key, {})
    return root


def checked(given: Parameters, types: type | None, implemented: frozenset[str]) -> Parameters:
    """Return the parameters with their right types.

    Args:
        given: The decoded parameters.
        types: The package's TypedDict for the endpoint; None: it takes only `expand`.
        implemented: The dotted names that the sandbox carries out. Others that Stripe has are refused with a sentence
            that says so, never ignored.

    Raises:
        StripeFailure: 400 in Stripe's words, naming the parameter.
    """
    hints = _hints(types) if types else {"expand": NotRequired[list[str]]}
    return _checked_dict(given, hints, "", implemented | {"expand"})


@cache
def _hints(types: type) -> dict[str, Any]:
    # RequestOptions, which every type inherits from, names types that its own module imports for checkers only.
    names = {**vars(stripe), "StripeContext": object, "Mapping": Mapping}
    own = get_type_hints(types, vars(sys.modules[types.__module__]), names, include_extras=True)
    options = RequestOptions.__annotations__
    return {name: hint for name, hint in own.items() if name not in options}


def _checked_dict(given: Parameters, hints: dict[str, Any], prefix: str, implemented: frozenset[str]) -> Parameters:
    result: Parameters = {}
    for name, value in given.items():
        shown, dotted = _shown(prefix, name), _dotted(prefix, name)
        if name not in hints:
            raise bad_parameter(f"Received unknown parameter: {shown}", code="parameter_unknown", param=shown)
        if not any(each == dotted or each.startswith(f"{dotted}.") for each in implemented) and not any(
            dotted.startswith(f"{each}.") for each in implemented
        ):
            raise bad_parameter(f"The sandbox does not implement the parameter {shown}.", code=None, param=shown)
        if value == "" and (name in _NEVER_EMPTY or _is_required(hints[name])):
            raise bad_parameter(
                f"You passed an empty string for '{shown}'. We assume empty values are an attempt to unset a parameter;"
                f" however '{shown}' cannot be unset. You should remove '{shown}' from your request or supply a"
                " non-empty value.",
                code="parameter_invalid_empty",
                param=shown,
            )
        result[name] = _checked_value(value, hints[name], dotted, implemented)
    for name, hint in hints.items():
        if _is_required(hint) and name not in given:
            shown = _shown(prefix, name)
            raise missing_parameter(shown)
    return result


def _is_required(hint: Any) -> bool:
    return get_origin(hint) is not NotRequired


def _checked_value(value: Any, hint: Any, dotted: str, implemented: frozenset[str]) -> Any:
    param = _shown("", dotted)
    if get_origin(hint) in {NotRequired, Required}:
        hint = get_args(hint)[0]
    choices = _alternatives(hint)
    literals = [each for choice in choices if get_origin(choice) is Literal for each in get_args(choice)]
    if isinstance(value, dict):
        return _checked_nested(value, choices, dotted, implemented)
    if value in literals:
        return value
    if int in choices:
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise bad_parameter(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
        return int(value)
    if bool in choices:
        if value not in {"true", "false"}:
            raise bad_parameter(f"Invalid boolean: {value}", code=None, param=param)
        return value == "true"
    if float in choices:
        if not re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", value):
            raise bad_parameter(f"Invalid number: {value}", code=None, param=param)
        return float(value)
    if Decimal in choices:
        # At most 12 decimal places, and no NaN, infinity or exponent (docs.stripe.com/api/invoiceitems/create).
        if not re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", value):
            raise bad_parameter(f"Invalid decimal: {value}", code=None, param=param)
        return value
    named = [each for each in literals if each]
    if named and literals != [""]:
        raise bad_parameter(f"Invalid {param}: must be one of {', '.join(named)}", code=None, param=param)
    if str in choices:
        return value
    expected = "array" if any(get_origin(choice) is list for choice in choices) else "object"
    raise bad_parameter(f"Invalid {expected}", code=None, param=param)


def _checked_nested(value: Parameters, choices: list[Any], dotted: str, implemented: frozenset[str]) -> Any:
    param = _shown("", dotted)
    for choice in choices:
        if is_typeddict(choice):
            return _checked_dict(value, _hints(choice), dotted, implemented)
        if get_origin(choice) is list:
            return [_checked_value(each, get_args(choice)[0], dotted, implemented) for each in value.values()]
        if get_origin(choice) is dict:
            return {key: _string(each, f"{param}[{key}]") for key, each in value.items()}
    return _string(value, param)


def _string(value: Any, param: str) -> str:
    if not isinstance(value, str):
        raise bad_parameter(f"Invalid string: {param}", code=None, param=param)
    return value


def _alternatives(hint: Any) -> list[Any]:
    if get_origin(hint) in {Union, UnionType}:
        return [each for arg in get_args(hint) for each in _alternatives(arg)]
    return [hint]


def _dotted(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _shown(prefix: str, name: str) -> str:
    head, *rest = _dotted(prefix, name).split(".")
    return head + "".join(f"[{part}]" for part in rest)
