"""Logs: one JSON object a line on standard error, without personal data.

Everything that a process has to say goes through here, also what it did not mean to say: warnings of libraries, and
errors that nobody caught (`temporal/connection.py` hands over what Temporal's core writes). A line is a line whatever
stands in it: JSON escapes line breaks, control characters and all that is not ASCII, so that nothing that a customer
wrote steers a terminal or forges a line.
"""

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import TextIO

import structlog

from reprise.log_fields import plain_command_id, temporal_fields

log = structlog.get_logger()

_NOISY = ("httpx", "stripe")
"""Libraries that tell of every request."""


def configure_logs() -> None:
    """Send all that this process has to say to standard error as JSON lines. Call it once, first of all."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        plain_command_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = _Lines(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, temporal_fields, *shared],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    warnings.showwarning = _tell_warning
    sys.excepthook = _tell_uncaught
    sys.unraisablehook = _tell_unraisable
    threading.excepthook = _tell_of_thread


def silence_logs() -> None:
    """Let nothing below an error be said by this process: a command whose output people and programs read."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


class _Lines(logging.StreamHandler[TextIO]):
    """Writes records; one that cannot be written as it is becomes a line that says so, and no traceback."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as logging has it
        error = sys.exception()
        if isinstance(error, OSError | ValueError) and self.stream.closed:
            return
        said = logging.LogRecord(
            __name__, logging.ERROR, __file__, 0, "a log record of %s could not be written: %s",
            (record.name, type(error).__name__), None,
        )  # fmt: skip
        try:
            self.stream.write(self.format(said) + self.terminator)
            self.flush()
        except (OSError, ValueError):
            pass  # nobody reads it any more


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - as `warnings.showwarning` has it
    line: str | None = None,  # noqa: ARG001
) -> None:
    log.warning("warning", warning=str(message), category=category.__name__, where=f"{filename}:{lineno}")


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        log.info("interrupted")
    else:
        log.critical("uncaught error", exc_info=(kind, error, trace))


def _tell_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    error = unraisable.exc_value
    told = (unraisable.exc_type, error, unraisable.exc_traceback) if error else None
    log.error(unraisable.err_msg or "error ignored", what=repr(unraisable.object), exc_info=told)


def _tell_of_thread(died: threading.ExceptHookArgs) -> None:
    error = died.exc_value
    told = (died.exc_type, error, died.exc_traceback) if error else None
    log.critical("uncaught error", thread=died.thread.name if died.thread else None, exc_info=told)
