"""What operators read in the Temporal UI, which takes it for Markdown: no customer writes there (row 7)."""

import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # comes with rich
from temporalio import workflow

from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Disable, SetCarts
from reprise.statemachine.effects import RetrieveInvoice, RetrieveRefund, VoidInvoice
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.details import details
from reprise.workflows.effect_runner import _activity_for
from reprise.workflows.markdown import MAX_SHOWN_LENGTH, quoted
from tests.statemachine.book import Book
from tests.workflows.records import STANDINGS

FORGED = [
    "[Refund it](https://evil.example/)",
    "![x](https://evil.example/pixel.png)",
    "![][1]\n\n[1]: https://evil.example/pixel.png",
    "\n# Closed\n- waiting for: nothing",
    "\n\n---\n**active**, 0 carts",
    "`code` ``more`` ``` [out](https://evil.example/)",
    "`",
    "\\`[out](https://evil.example/)\\`",
    "<img src=https://evil.example/pixel.png onerror=alert(1)>",
    "<https://evil.example/> https://evil.example www.evil.example evil@evil.example",
    "\r- forged\u2028- forged\u2029- forged\x85- forged\x0b- forged\x0c- forged\x1c- forged",
    "\x1b[2J\x1b]8;;https://evil.example/\x07here\x1b]8;;\x07",
    "\u202egnihton\u202c \u2066x\u2069 a\u200bb \ufeff",
    "| a | b |\n|---|---|\n| forged | row |",
    "&lt;b&gt; &#91;x&#93;(https://evil.example/)",
    "x" * 500,
    " ",
    "",
]

texts = st.sampled_from(FORGED) | st.text(max_size=500) | st.text("[]()!`*_#-+<>&\\\n\r\t |~:/.@wh", max_size=80)


class Outline(HTMLParser):
    """The tags of a rendered text, and what stands in its code spans."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.spans: list[str] = []
        self.feed(MarkdownIt("commonmark", {"html": True}).render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)
        if tag == "code":
            self.spans.append("")

    def handle_data(self, data: str) -> None:
        if self.spans:
            self.spans[-1] += data


def unseen(text: str) -> set[str]:
    """The characters of a text that show nothing and do something."""
    return {each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}}


def shown(text: str) -> str:
    """The letters and digits of a text, which quoting keeps."""
    return "".join(re.findall(r"[^\W_]+", text))


def _without_reason(account: Account) -> Account:
    *before, last = account.timeline
    return account.model_copy(update={"timeline": (*before, last.model_copy(update={"reason": None}))})


@given(reason=texts)
@example(reason="`" * 500)
def test_R13_a_reason_is_one_code_span_of_one_line(reason: str) -> None:
    """Whoever wrote it: the outline of the details is the same, and its letters are all there."""
    clean = reason.replace("\x00", "")
    for command in (Cancel(reason=clean or "x"), Disable(reason=clean or "x")):
        book = Book.open().at("2027-02-10T10:00")
        book.do(command)
        told, plain = (details(each, book.now) for each in (book.account, _without_reason(book.account)))
        outline = Outline(told)
        assert set(outline.tags) <= {"p", "strong", "ul", "li", "code"}, told
        assert [each for each in outline.tags if each != "code"] == [
            each for each in Outline(plain).tags if each != "code"
        ]
        assert outline.tags.count("code") == Outline(plain).tags.count("code") + 1
        assert told.count("\n") == plain.count("\n")
        assert not unseen(told) - {"\n"}


@given(text=texts)
def test_a_quoted_text_reads_as_it_was_written(text: str) -> None:
    """Its letters and digits, in their order; no more than so many."""
    (span,) = Outline(quoted(text)).spans
    assert len(span.strip()) <= MAX_SHOWN_LENGTH
    assert shown(text).startswith(shown(span))
    assert len(text) > MAX_SHOWN_LENGTH or shown(span) == shown(text)


@pytest.mark.parametrize("text", FORGED)
def test_a_reader_that_knows_no_code_spans_sees_no_link_either(text: str) -> None:
    """No tag, no picture, and no link's address begins in it."""
    assert not re.search(r"\]\(|\]\[|!\[|[<>`\n\r]", quoted(text)[1:-1])


@given(text=texts.filter(lambda text: len(text) <= 255))
def test_summaries_of_what_stripe_has_named_are_quoted(text: str) -> None:
    """Keys and ids come with webhooks and signals: the event's one line stays one, and plain."""
    account: Account = Book.open().account
    acts = (RetrieveRefund(object_id=text), RetrieveInvoice(payment_key=text or "x", invoice_id=None))
    for act in (*acts, VoidInvoice(payment_key=text, invoice_id=None)):
        summary = _activity_for(act, account, "request").summary
        assert Outline(summary).tags == ["p", "code"]
        assert not unseen(summary)


def _page(invoice_id: str) -> str:
    return f"https://dashboard.stripe.com/test/invoices/{invoice_id}"


@pytest.mark.parametrize("standing", STANDINGS, ids=lambda each: each.__name__)
def test_R17_the_details_answer_what_operators_ask(standing: Callable[[], Account]) -> None:
    """Of every standing: what it waits for, since when, when the shop stops, who did what last, what can be sent."""
    account = standing()
    now = account.timeline[-1].at if account.timeline else account.opened_at
    told = details(account, now, _page)
    rows = dict(re.findall(r"^- \*\*([^:]+):\*\* (.+)$", told, re.MULTILINE))
    assert next(iter(rows)) == "Waiting for"
    assert {"The shop stops", "Updates it takes"} <= rows.keys()
    assert ("Since" in rows) == ("Last" in rows) == bool(account.timeline)
    assert account.account_id in told.partition("\n")[0]
    assert Outline(told).tags.count("li") == len(rows)
    if account.payment is not None and account.payment.invoice_id:
        assert f"[invoice at Stripe]({_page(account.payment.invoice_id)})" in rows["Payment"]
        assert account.payment.invoice_id in details(account, now)
    taken = set(re.findall(r"`([a-z-]+)`", rows["Updates it takes"]))
    assert taken <= set(workflow._Definition.must_from_class(AccountWorkflow).updates)


def test_R9_the_details_of_a_past_due_account() -> None:
    """Word for word: an operator reads it at three in the morning."""
    book = Book.open()
    book.card = "insufficient_funds"
    book.at("2027-03-02T10:00").do(SetCarts(carts=4, actor=Actor(kind=ActorKind.OPERATOR, id="grace")))
    invoice = book.account.payment and book.account.payment.invoice_id
    assert details(book.account, book.now, _page).splitlines() == [
        "**Past due** · account `a1` · 4 carts × 25.00 USD",
        "",
        "- **Waiting for:** payment retry 2 of 4, 2027-03-03 10:00:00 UTC; another payment method is tried at once",
        "- **Since:** 2027-02-28 10:00:00 UTC",
        "- **The shop stops:** 2027-03-07 10:00:00 UTC, if nothing is paid until then",
        "- **Paid term:** 2027-01-31 10:00:00 UTC to 2027-02-28 10:00:00 UTC",
        "- **Payment:** `a1:2`, 75.00 USD, declined (`insufficient_funds`), attempt 2,"
        f" [invoice at Stripe](https://dashboard.stripe.com/test/invoices/{invoice})",
        "- **Last:** carts changed by the operator `grace`, 2027-03-02 10:00:00 UTC",
        "- **Updates it takes:** `cancel`, `extend`, `disable`, `close`, `carts`, `payment-method`, `email`, `plan`",
    ]


def test_R16_the_details_say_when_the_shop_stops() -> None:
    """In service: what an unpaid renewal leaves (E2); cancelled: the paid term; out of service: that it is."""
    book = Book.open()
    said = []
    for command in (None, Cancel(), Disable(reason="a check")):
        if command is not None:
            book.do(command)
        said.append(re.findall(r"The shop stops:\*\* (.+)$", details(book.account, book.now), re.MULTILINE))
    assert said == [
        ["not by itself; if no renewal is paid, 2027-03-07 10:00:00 UTC"],
        ["2027-02-28 10:00:00 UTC, when the paid term ends"],
        ["it is out of service"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 200, "x" * 200),
        ("x" * 201, f"{'x' * 199}…"),
        ("a<b>c`d", "a‹b›c'd"),
        ("![a](b) [c][d] e!f g]h", "! [a] (b) [c] [d] e!f g]h"),
        ("a\x07b\u202ec\ue000d\ud800e\u2028f\u2029g", "a b c d e f g"),
        (" \n ", "–"),
    ],
)
def test_what_quoting_makes_of_a_text(text: str, expected: str) -> None:
    """Letter by letter."""
    assert quoted(text) == f"`{expected}`"
