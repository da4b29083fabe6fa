"""Who may ask: tokens, and certificates.

A token file has a client a line: `name token`, and if wanted a weight as a third word. Tokens are compared by their
hashes in constant time. Without tokens, which is for the loopback interface only, a client says its name itself.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ...errors import DamagedDataError, UnauthorizedError

LONGEST_NAME = 64
SHORTEST_TOKEN = 16
VALID_DAYS = 397


@dataclass(frozen=True, slots=True)
class Access:
    """The clients.

    Arguments:
        tokens: the SHA-256 of each client's token, by its name; none where no token is asked for.
        weights: of clients.
    """

    tokens: Mapping[str, bytes] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_file(cls, path: Path) -> Access:
        """The clients of a token file.

        Errors:
            DamagedDataError: a line that is none, or a token that is too short.
        """
        tokens, weights = {}, {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) not in (2, 3) or len(words[1]) < SHORTEST_TOKEN or not is_name(words[0]):
                raise DamagedDataError(
                    "a line of the token file is not `name token` or `name token weight`",
                    f"{path}:{number}",
                    f"give a token of at least {SHORTEST_TOKEN} characters, such as `openssl rand -hex 32` makes",
                )
            tokens[words[0]] = hashlib.sha256(words[1].encode()).digest()
            weights[words[0]] = _weight(words[2], f"{path}:{number}") if len(words) == 3 else 1.0
        if not tokens:
            raise DamagedDataError("the token file names no client", str(path), "write a line `name token`")
        return cls(tokens, weights)

    def client(self, authorization: str | None, claimed: str | None) -> str:
        """The name of who asks.

        Errors:
            UnauthorizedError: the token is missing or wrong.
        """
        if not self.tokens:
            return claimed if claimed is not None and is_name(claimed) else "local"
        given = hashlib.sha256(_token(authorization or "").encode()).digest()
        found = [name for name, known in self.tokens.items() if hmac.compare_digest(known, given)]
        if not found:
            raise UnauthorizedError("the token is missing or wrong", fix="send `Authorization: Bearer TOKEN`")
        return found[0]


def _token(authorization: str) -> str:
    """The token of a header: that of `Bearer`, or the password of `Basic`; "" where there is neither."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def is_name(text: str) -> bool:
    """Whether a text can be the name of a client."""
    return 0 < len(text) <= LONGEST_NAME and text.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _weight(text: str, where: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    if not 0.0 < weight <= 1e6:
        raise DamagedDataError(f"{text!r} is no weight", where, "give a number above 0")
    return weight


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate of one's own for a host, and its key; made once, and kept in the folder."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    if not certificate.exists() or not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        secret = ec.generate_private_key(ec.SECP256R1())
        key.touch(mode=0o600)
        key.write_bytes(
            secret.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        certificate.write_bytes(_certificate(secret, host).public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _certificate(secret: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "backprop")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")), _alternative(host)]
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(dict.fromkeys(names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
