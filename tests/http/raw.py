"""HTTP as bytes: what no well-behaved client sends."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Said:
    """What came back on a connection: the first answer, everything else after it, and whether the server closed it."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes
    closed: bool


async def said(url: str, *parts: bytes, pause: float = 0.0, patience: float = 10.0) -> Said:
    """Send bytes as they are, part by part; return what is answered until the server closes or has said something."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    got = bytearray()

    async def listen() -> bool:
        """Return whether the server has closed."""
        with suppress(ConnectionError):
            while more := await reader.read(65536):
                got.extend(more)
                if _is_whole(bytes(got)) and sent_all.is_set():
                    return reader.at_eof()
        return True

    sent_all = asyncio.Event()
    listening = asyncio.create_task(listen())
    closed = False
    try:
        async with asyncio.timeout(patience):
            for part in parts:
                writer.write(part)
                with suppress(ConnectionError):
                    await writer.drain()
                await asyncio.sleep(pause)
                if listening.done():
                    break
            sent_all.set()
            closed = await listening if not _is_whole(bytes(got)) else listening.done()
    except TimeoutError:
        pass
    finally:
        listening.cancel()
        writer.close()
    return _read(bytes(got), closed=closed)


def _is_whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"\ncontent-length: (\d+)", head, re.IGNORECASE)
    return bool(end) and length is not None and len(body) >= int(length[1])


def _read(got: bytes, *, closed: bool) -> Said:
    if not got:
        return Said(0, {}, b"", b"", closed)
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", len(body)))
    return Said(int(first.split()[1]), headers, body[:length], body[length:], closed)
