import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pillarbox.smtpd.tls import ensure_certificate, server_context


def certificate_at(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return one.version()


def test_the_first_start_makes_a_certificate_for_the_host(tmp_path):
    certificate_path, key_path = ensure_certificate(tmp_path / "tls", "mail.example")
    certificate = certificate_at(certificate_path)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.example", "localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert timedelta(days=3650) < lifetime < timedelta(days=3660)
    assert certificate_path.parent == key_path.parent == tmp_path / "tls"


def test_only_the_owner_may_read_the_files(tmp_path):
    for path in ensure_certificate(tmp_path / "tls", "mail.example"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700


def test_later_starts_keep_the_certificate(tmp_path):
    first = [path.read_bytes() for path in ensure_certificate(tmp_path, "mail.example")]
    again = [path.read_bytes() for path in ensure_certificate(tmp_path, "other.example")]
    assert first == again


def test_half_a_pair_is_replaced(tmp_path):
    certificate_path, key_path = ensure_certificate(tmp_path, "mail.example")
    certificate_path.unlink()
    (tmp_path / "smtp.key.new").write_text("left by a crash")
    server_context(*ensure_certificate(tmp_path, "mail.example"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["smtp.crt", "smtp.key"]
    assert key_path.exists()


@pytest.mark.parametrize(
    "hostname", ["192.0.2.1", "localhost", "bücher.example", "a" * 60 + ".example"]
)
def test_every_host_name_gets_a_certificate_that_loads(tmp_path, hostname):
    server_context(*ensure_certificate(tmp_path, hostname))


def test_a_client_that_trusts_the_certificate_can_verify_it(tmp_path):
    certificate_path, key_path = ensure_certificate(tmp_path, "mail.example")
    client = ssl.create_default_context(cafile=str(certificate_path))
    version = handshake(server_context(certificate_path, key_path), client, "mail.example")
    assert version == "TLSv1.3"


def test_tls_older_than_1_2_is_not_spoken(tmp_path):
    context = server_context(*ensure_certificate(tmp_path, "mail.example"))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
