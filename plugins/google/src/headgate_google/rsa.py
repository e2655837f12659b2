"""RS256 signatures. A file of its own because the library behind it takes long to load."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def sign(pem: str, message: bytes) -> bytes:
    """The signature of `message` by the private key in `pem`. Raises `ValueError` for what is no
    RSA key; without the cause, since what goes wrong in a key is nobody's business.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the service account's private key cannot be read") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the service account's private key is no RSA key")
    return key.sign(message, PKCS1v15(), SHA256())
