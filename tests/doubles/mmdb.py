"""A tiny database of MaxMind's format: what is known of IPv4 networks.

Source: https://maxmind.github.io/MaxMind-DB/
"""

import struct
from ipaddress import IPv4Network
from typing import Any


def database(known: dict[str, Any]) -> bytes:
    """The bytes of a database file that knows these networks."""
    nodes: list[list[int | None]] = [[None, None]]
    data = b""
    leaves: list[tuple[int, int, int]] = []
    for text, record in known.items():
        network = IPv4Network(text)
        bits = f"{int(network.network_address):032b}"[: network.prefixlen]
        at = 0
        for bit in map(int, bits[:-1]):
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit] or 0
        leaves.append((at, int(bits[-1]), len(data)))
        data += _encoded(record)
    for at, bit, offset in leaves:
        nodes[at][bit] = len(nodes) + 16 + offset
    tree = b"".join(
        (len(nodes) if pointer is None else pointer).to_bytes(3, "big")
        for node in nodes
        for pointer in node
    )
    meta = {
        "node_count": len(nodes),
        "record_size": _short(24),
        "ip_version": _short(4),
        "database_type": "Test",
        "languages": ["en"],
        "binary_format_major_version": _short(2),
        "binary_format_minor_version": _short(0),
        "build_epoch": _control(9, 8) + bytes(7) + b"\1",
        "description": {"en": "Test"},
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(meta)


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            text = value.encode()
            return _control(2, len(text)) + text
        case float():
            return _control(3, 8) + struct.pack(">d", value)
        case bytes():  # encoded already
            return value
        case int():
            return _control(6, 4) + struct.pack(">I", value)
        case dict():
            inner = b"".join(_encoded(name) + _encoded(part) for name, part in value.items())
            return _control(7, len(value)) + inner
    return _control(11, len(value)) + b"".join(map(_encoded, value))


def _short(number: int) -> bytes:
    return _control(5, 2) + struct.pack(">H", number)


def _control(kind: int, size: int) -> bytes:
    assert size < 285
    head, rest = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return bytes([kind << 5 | head]) + rest if kind < 8 else bytes([head, kind - 7]) + rest
