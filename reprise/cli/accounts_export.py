"""`reprise accounts export`: every account into a file that `import` and `restore` read (R25, R27)."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from reprise.cli.accounts import accounts
from reprise.cli.errors import CliError
from reprise.cli.exit_codes import ExitCode
from reprise.cli.progress import progress
from reprise.cli.remote import Answer, Remote, remote_command

PATIENCE = 300.0
"""Seconds in which each account is asked for again by itself."""


@remote_command(
    accounts,
    "reprise accounts export backup.jsonl",
    "reprise accounts export accounts.csv",
    "reprise accounts export backup.jsonl --resume",
)
def export(
    remote: Remote,
    file: Annotated[Path, typer.Argument(help="Where to; `-` is standard output.")],
    file_format: Annotated[
        str | None,
        typer.Option("--format", help="jsonl: whole records; csv: the fields of an opening. By the name, else jsonl."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an export of this file was ended; by itself, begin anew.")
    ] = False,
) -> Answer:
    """Write every account, also closed ones and those whose workflow was ended; the file appears when it is whole.

    A jsonl file is a backup: `accounts import` restores each account from its line, and `account restore` one of them.
    It says who the customers are: nobody but you can read it.
    """
    from rich.console import Group

    from reprise.transfer.exporting import ExportReport, export_accounts, export_to, part_of
    from reprise.transfer.rows import Format, NoRows, format_of

    to_stdout = str(file) == "-"
    if to_stdout and remote.as_json:
        raise CliError("--json says what was written to a file: name one instead of -.", "two_documents")
    try:
        named = Format.JSONL if to_stdout else None
        form = Format(file_format) if file_format else named or format_of(file)
    except (ValueError, NoRows) as error:
        raise CliError(
            str(error) if isinstance(error, NoRows) else "--format is csv or jsonl.", "bad_format"
        ) from error

    async def run() -> ExportReport:
        with progress("exporting", None, quiet=remote.as_json) as step:
            async with remote.async_client().with_options(retry_for=max(remote.retry_for, PATIENCE)) as client:
                if to_stdout:
                    report = ExportReport()
                    await export_to(client, sys.stdout, form, report=report, told=lambda _: step())
                    return report
                return await export_accounts(client, file, form, resume=resume, told=lambda _: step())

    try:
        report = asyncio.run(run())
    except NoRows as error:
        raise CliError(str(error), "not_resumable") from error
    except OSError as error:
        raise CliError(
            f"{part_of(file)} cannot be written: {error.strerror}.", "not_written", ExitCode.ERROR
        ) from error
    document = {"written": report.written, "kept": report.kept, "left_out": report.left_out, "file": str(file)}
    note = f"{report.written} accounts written to {file}."
    if report.left_out:
        note += f" {report.left_out} are closed, and cannot be opened again: --format jsonl has them."
    return Answer(document, Group(), note)
