"""Makes certificates on the spot: an authority of our own, and servers that it signed, rightly or not."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = ipaddress.ip_address("127.0.0.1")
KINDS = ("good", "expired", "other-name", "unknown")


def made(directory: Path) -> Path:
    """Write a PEM file (key and certificate) for each kind; return the path of the authority's."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("toxic authority")
    authority = _certificate(name, key.public_key(), name, key, is_authority=True)
    other_key, other_name = ec.generate_private_key(ec.SECP256R1()), _name("a stranger")
    for kind in KINDS:
        own = ec.generate_private_key(ec.SECP256R1())
        by = (other_name, other_key) if kind == "unknown" else (name, key)
        certificate = _certificate(
            _name(kind), own.public_key(), *by, expired=kind == "expired", other_name=kind == "other-name"
        )
        (directory / f"{kind}.pem").write_bytes(_pem(own) + certificate)
    path = directory / "authority.pem"
    path.write_bytes(authority)
    return path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
    expired: bool = False,
    other_name: bool = False,
) -> bytes:
    now = datetime.now(UTC)
    ends = now - timedelta(days=1) if expired else now + timedelta(days=1)
    names: list[x509.GeneralName] = [x509.DNSName("other.example")] if other_name else [x509.IPAddress(HOST)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signed = builder.sign(signer, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)
