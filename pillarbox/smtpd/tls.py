"""TLS for the listeners: the server's context, and a self-signed certificate for the first start.

Not for connections we make; their policy is the relay's.
"""

import os
import ssl
from pathlib import Path

from pillarbox.clock import SystemClock
from pillarbox.config import OWN_CERTIFICATE
from pillarbox.errors import StartError


def server_context(cert_path: Path, key_path: Path) -> ssl.SSLContext:
    """A context for serving TLS 1.2 and newer with this certificate chain and key (PEM).

    Raises StartError when they cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(cert_path, key_path)
    except OSError as problem:  # ssl.SSLError is one
        reason = problem.strerror or problem
        raise StartError(f"TLS_CERT {cert_path}, TLS_KEY {key_path}: {reason}") from None
    return context


def ensure_certificate(directory: Path, hostname: str) -> tuple[Path, Path]:
    """The certificate and key in this directory; a self-signed pair is made if there is none.

    EC P-256, ten years, for the host name, localhost and 127.0.0.1; both files readable by their owner only.
    An existing pair is never changed.
    """
    certificate_path, key_path = directory / OWN_CERTIFICATE, directory / "smtp.key"
    if certificate_path.exists() and key_path.exists():
        return certificate_path, key_path
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    from pillarbox.smtpd.certificate import (
        self_signed,
    )  # decision 0015: once in the life of an installation

    certificate, key = self_signed(hostname, SystemClock().now())
    _write_private(key_path, key)
    _write_private(certificate_path, certificate)
    return certificate_path, key_path


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, complete or not at all."""
    partial = path.with_suffix(path.suffix + ".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
