"""What can be set for one SMTP server."""

import ssl
from dataclasses import dataclass

from pillarbox.smtpd.sasl import MECHANISMS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Name, limits, TLS and login rules of a server; sizes in octets."""

    hostname: str
    max_size: int = 20_480_000
    max_recipients: int = 50
    tls: ssl.SSLContext | None  # None: STARTTLS is not offered
    implicit_tls: bool = False  # TLS from the first octet (RFC 8314); needs tls
    auth_required: bool
    auth_mechanisms: tuple[str, ...] = MECHANISMS  # empty: AUTH is not offered
    auth_delay_s: float = 0.5  # wait before the answer to the first bad login; grows with each
    max_auth_failures: int = 3
    idle_timeout_s: float = 300  # RFC 5321 section 4.5.3.2.7
    tls_handshake_timeout_s: float = 30
    max_errors: int = 20
    max_connections: int = 1000
    max_connections_per_ip: int = 200
    memory_budget: int = 256 * 1024 * 1024  # message data held at once, over all connections

    def __post_init__(self) -> None:
        if self.implicit_tls and self.tls is None:
            raise ValueError("implicit TLS needs a certificate")
        unknown = set(self.auth_mechanisms) - set(MECHANISMS)
        if unknown:
            raise ValueError(f"unknown mechanisms: {', '.join(sorted(unknown))}")
