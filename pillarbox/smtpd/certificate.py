"""Making the self-signed certificate of a first start. Source: RFC 5280."""

import ipaddress
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = timedelta(days=3652)
# A client whose clock is a little behind still accepts a certificate that was made just now.
_CLOCK_SKEW = timedelta(days=1)


def self_signed(hostname: str, now: datetime) -> tuple[bytes, bytes]:
    """A certificate and its key, both PEM: EC P-256, for the host name, localhost and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    certificate = _sign(key, hostname, now)
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _sign(key: ec.EllipticCurvePrivateKey, hostname: str, now: datetime) -> x509.Certificate:
    # A common name holds 64 characters at most (RFC 5280, ub-common-name); clients read the alternative names.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(hostname)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _alternative_names(hostname: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for name in dict.fromkeys((hostname, "localhost", "127.0.0.1")):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            names.append(x509.DNSName(name.encode("idna").decode("ascii")))
    return names
