"""What operators read in the Temporal UI, which takes it for Markdown: no customer writes there (row 7)."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # comes with rich

from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Disable
from reprise.statemachine.effects import RetrieveInvoice, RetrieveRefund, VoidInvoice
from reprise.workflows.effect_runner import _activity_for
from reprise.workflows.markdown import MAX_SHOWN_LENGTH, quoted
from reprise.workflows.presentation import details
from tests.statemachine.book import Book

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


@given(reason=texts)
@example(reason="`" * 500)
def test_R13_a_reason_is_one_code_span_of_one_line(reason: str) -> None:
    """Whoever wrote it: the outline of the details is the same, and its letters are all there."""
    clean = reason.replace("\x00", "")
    for command in (Cancel(reason=clean or "x"), Disable(reason=clean or "x")):
        book = Book.open().at("2027-02-10T10:00")
        book.do(command)
        told = details(book.account)
        outline = Outline(told)
        assert set(outline.tags) <= {"p", "strong", "ul", "li", "code"}, told
        assert (outline.tags.count("li"), outline.tags.count("code")) == (4, 2)
        assert told.count("\n") == 4
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
