"""Which e-mails an account may have: those that Stripe takes, as far as that can be told without asking (R1)."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints


def valid_email(email: str) -> str:
    """Return `email` with its domain in lower case.

    The domain must have a dot and be one that the public DNS could hold; the network is not asked. Reserved names for
    tests (`shop.test`) are taken: Stripe takes them, and test mode lives by them.

    Raises:
        ValueError: It is not an e-mail that Stripe takes; the sentence says what is wrong with it.
    """
    try:
        # In a test environment, the library (2.4) asks no DNS either.
        found = validate_email(email, test_environment=True, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(f"must be an e-mail address such as billing@example.com: {error}"[:300]) from error
    if "." not in found.ascii_domain:
        raise ValueError("must be an e-mail address whose domain has a dot, such as billing@example.com")
    return found.normalized


ValidEmail = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(valid_email),
    Field(examples=["billing@example.com"], json_schema_extra={"format": "email"}),
]
"""An e-mail address that Stripe takes (R1, R26)."""
