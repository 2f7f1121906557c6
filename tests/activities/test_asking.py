"""R1, R8 at the sandbox: what Stripe is asked, request by request, with our keys: as it was asked in every release."""

import hashlib

import pytest

from reprise.statemachine.quotes import Debt
from reprise.statemachine.terms import nth_term
from tests.activities.conftest import Sent
from tests.activities.payer import START, Payer
from tests.stripe_side import StripeSide

PAYMENT = {"expand[0]": "payments.data.payment.payment_intent", "expand[1]": "customer"}


@pytest.mark.parametrize("life", ["life-1", None])
async def test_R1_R8_each_request_of_a_customer_and_a_payment(
    stripe_side: StripeSide, sent: list[Sent], life: str | None
) -> None:
    """At Stripe nothing else is added to an invoice, nor does Stripe do anything by itself."""
    payer = Payer(stripe_side, life)
    await payer.register()
    customer, account = payer.customer_id, payer.account_id
    of_life = [life] if life else []
    marks = {"metadata[account_id]": account, **({"metadata[life]": life} if life else {})}
    card = {"payment_method": "pm_card_visa", "invoice_settings[default_payment_method]": "pm_card_visa"}
    assert sent == [
        Sent("GET /v1/customers", {"email": payer.email or "", "limit": "100"}),
        Sent(
            "POST /v1/customers",
            {"email": payer.email or "", **marks, **card},
            ":".join(("customer", *of_life, account, "pm_card_visa")),
        ),
    ]
    sent.clear()

    asked = payer.asked(debts=(Debt(amount=500, currency="usd", term=nth_term(START, -1, "UTC")),))
    paid = await payer.collect(asked)
    invoice = paid.invoice_id or ""
    of_invoice = [invoice] if life else []

    def key(action: str, *parts: str) -> str:
        return ":".join((action, *of_life, payer.key(), *parts))

    def line(number: int) -> Sent:
        of = asked.payment.quote.lines[number]
        said = {
            "customer": customer, "invoice": invoice, "currency": "usd", "description": of.description,
            "quantity": str(of.quantity), "unit_amount_decimal": str(of.unit_amount),
            "period[start]": str(int(of.period.start.timestamp())), "period[end]": str(int(of.period.end.timestamp())),
            "metadata[payment_key]": payer.key(), "metadata[line]": str(number),
        }  # fmt: skip
        return Sent("POST /v1/invoiceitems", said, key("line", *of_invoice, str(number)))

    draft = {
        "customer": customer, "currency": "usd", "auto_advance": "false", "automatic_tax[enabled]": "false",
        "collection_method": "charge_automatically", "discounts": "", "pending_invoice_items_behavior": "exclude",
        "payment_settings[payment_method_types][0]": "card", **marks, "metadata[payment_key]": payer.key(),
        "expand[0]": "customer",
    }  # fmt: skip
    assert sent == [
        Sent("GET /v1/invoices", {"customer": customer, "limit": "20", "expand[0]": "data.customer"}),
        Sent("POST /v1/invoices", draft, key("create", *([customer, "0"] if life else []))),
        line(0),
        line(1),
        Sent(f"GET /v1/invoices/{invoice}", PAYMENT),
        Sent(f"POST /v1/invoices/{invoice}/finalize", {"auto_advance": "false"}, key("finalize", *of_invoice)),
        Sent(f"POST /v1/invoices/{invoice}/pay", {"off_session": "true"}, key("pay", "1", *of_invoice)),
    ]


@pytest.mark.parametrize("life", ["life-1", None])
async def test_R1_R8_each_request_of_a_customer_whose_card_is_given_apart(
    stripe_side: StripeSide, sent: list[Sent], life: str | None
) -> None:
    """Where Stripe has refused both at once; where a customer is found that another release has left without."""
    payer = Payer(stripe_side, life)
    stripe_side.fault(method="POST", path="/v1/customers", when="before", status=400)
    registered = await payer.register()
    customer, account = payer.customer_id, payer.account_id
    marks = {"metadata[account_id]": account, **({"metadata[life]": life} if life else {})}
    attach = "\x1f".join((account, life or "", customer, "pm_card_visa", "registered"))
    apart = [
        Sent(
            "POST /v1/payment_methods/pm_card_visa/attach",
            {"customer": customer},
            f"attach:{hashlib.sha256(attach.encode()).hexdigest()}",
        ),
        Sent(
            f"POST /v1/customers/{customer}",
            {"invoice_settings[default_payment_method]": registered.payment_method or ""},
        ),
    ]
    assert sent[2:] == [
        Sent(
            "POST /v1/customers",
            {"email": payer.email or "", **marks},
            ":".join(("customer", *([life] if life else []), account)),
        ),
        *apart,
    ]
    await payer.by_hand("POST", f"customers/{customer}", **{"invoice_settings[default_payment_method]": ""})
    sent.clear()
    assert (await payer.register()).payment_method == registered.payment_method
    assert sent == [Sent("GET /v1/customers", {"email": payer.email or "", "limit": "100"}), *apart]


async def test_R8_the_invoice_that_replaces_a_void_one_has_a_key_of_its_own(
    stripe_side: StripeSide, sent: list[Sent]
) -> None:
    """Also of an account of 0.1.0: its first invoice's key is answered with the void one for a day."""
    payer = Payer(stripe_side, None)
    await payer.register(stripe_side.payment_method(decline_code="insufficient_funds"))
    declined = await payer.collect()
    await payer.by_hand("POST", f"invoices/{declined.invoice_id}/void")
    sent.clear()
    await payer.collect(payer.asked(attempt=2))
    assert [each.key for each in sent if each.call == "POST /v1/invoices"] == [f"create:{payer.key()}:1"]


async def test_R23_leaving_a_deleted_customer_is_asked_for_once(payer: Payer, sent: list[Sent]) -> None:
    """The invoices that are listed already are not listed again; the new customer's key names the old one."""
    await payer.collect()
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    sent.clear()
    await payer.collect(payer.asked(2, paid=(1,)))
    assert [(each.call, each.key) for each in sent] == [
        ("GET /v1/invoices", None),
        ("GET /v1/customers", None),
        ("POST /v1/customers", f"customer:{payer.life}:{payer.account_id}:{payer.customer_id}"),
    ]


async def test_R1_a_customer_without_an_e_mail_is_sought_by_its_marks(
    stripe_side: StripeSide, sent: list[Sent]
) -> None:
    """And made under a key of its own: the one with the e-mail is answered with the refusal."""
    payer = Payer(stripe_side)
    payer.email = "ada@localhost"
    await payer.register(None)
    marks = {"account_id": payer.account_id, "life": payer.life}
    assert sent[-2:] == [
        Sent(
            "GET /v1/customers/search",
            {"query": " AND ".join(f"metadata['{name}']:'{said}'" for name, said in marks.items()), "limit": "100"},
        ),
        Sent(
            "POST /v1/customers",
            {f"metadata[{name}]": said or "" for name, said in marks.items()},
            f"customer:{payer.life}:{payer.account_id}:no e-mail",
        ),
    ]


async def test_R1_a_customer_that_has_no_e_mail_is_made_alone(stripe_side: StripeSide, sent: list[Sent]) -> None:
    """Its card comes later: a search finds it a minute late, and until then the key alone, that of every release."""
    payer = Payer(stripe_side)
    payer.email = None
    assert (await payer.register()).payment_method is not None
    calls = [(each.call, each.key) for each in sent]
    assert calls[:2] == [
        ("GET /v1/customers/search", None),
        ("POST /v1/customers", f"customer:{payer.life}:{payer.account_id}"),
    ]
    assert [call for call, _ in calls[2:]] == [
        "POST /v1/payment_methods/pm_card_visa/attach",
        f"POST /v1/customers/{payer.customer_id}",
    ]


async def test_R13_what_is_asked_to_erase_a_customer(payer: Payer, sent: list[Sent]) -> None:
    """Whole pages of methods, until there is none."""
    sent.clear()
    await payer.run("erase_customer", payer.invoice())
    listing = Sent(f"GET /v1/customers/{payer.customer_id}/payment_methods", {"limit": "100"})
    assert [each for each in sent if each.call == listing.call] == [listing, listing]
