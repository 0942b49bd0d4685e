"""Frames on a local stream: four bytes of length, then MessagePack."""

import asyncio
import struct

_LENGTH = struct.Struct(">I")


def frame(data: bytes) -> bytes:
    """Data with its length in front."""
    return _LENGTH.pack(len(data)) + data


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame's data; None when the other side has gone."""
    try:
        length = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0]
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
