"""Loopback ports: finding free ones, waiting until a server stands behind one."""

import socket
import time

from pillarbox.bench.model import BenchError


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for_banner(port: int, *, timeout_s: float) -> None:
    """Return when an SMTP server greets on the port. Raises BenchError when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
                if connection.recv(512).startswith(b"220"):
                    connection.sendall(b"QUIT\r\n")
                    return
        except OSError:
            time.sleep(0.05)
    raise BenchError(f"no SMTP greeting on port {port} within {timeout_s:.0f} s")
