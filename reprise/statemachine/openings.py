"""Which accounts may be opened: sums, e-mails, and how an account that lived elsewhere comes in (R1, R20, R25)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from reprise.statemachine import editions
from reprise.statemachine.commands import OpenAccount
from reprise.statemachine.emails import valid_email
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.sums import check_sum
from reprise.statemachine.terms import months_after, zone_of


def check_opening(command: OpenAccount, now: datetime, edition: int) -> None:
    """Refuse what cannot be opened, before anything is written.

    Raises:
        Refused: `invalid_request`, naming the field.
    """
    if edition < editions.SECOND:
        check_sum(command.plan, command.carts, "carts", smallest=False)
        return
    check_sum(command.plan, command.carts, "plan.unit_amount" if command.carts == 1 else "carts")
    try:
        valid_email(command.email)
    except ValueError as error:
        raise _invalid("email", f"The e-mail {str(error).rstrip('.')}.") from error
    if command.paid_through is None:
        for field in ("anchor", "cancelled"):
            if getattr(command, field):
                raise _invalid(field, f"{field} is for an account that is paid elsewhere: give paid_through as well.")
    if command.opened_at and command.opened_at > now:
        raise _invalid("opened_at", "opened_at must not lie in the future.")


def term_number(anchor: datetime, end: datetime, zone: str) -> int:
    """Return which term of `anchor` ends at `end`, counted as in R2 (the term from the anchor on is number 0).

    Raises:
        Refused: `invalid_request`: none does; an account with that anchor would have a gap or pay twice (R2, R25).
    """
    tz: ZoneInfo = zone_of(zone)
    first, last = anchor.astimezone(tz), end.astimezone(tz)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months_after(anchor, months, zone) != end:
        expected = months_after(anchor, months, zone).isoformat().replace("+00:00", "Z")
        raise _invalid(
            "anchor",
            f"No term of this anchor ends at paid_through. In that month one ends at {expected}: give that,"
            " or leave the anchor out.",
        )
    return months - 1


def _invalid(field: str, message: str) -> Refused:
    return Refused(RefusalCode.INVALID_REQUEST, message, field=field)
