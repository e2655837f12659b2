"""A Google Cloud identity's access token: from a service account, a user, or the machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import headgate as hg
from headgate_google.reading import mapping, parsed, string

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKENS = "https://oauth2.googleapis.com/token"
_METADATA = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
)
_SIGNED = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: What a signed request for a token is good for, in seconds; Google allows no more.
_LIFE = 3600
_USER = ("client_id", "client_secret", "refresh_token")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fetch_token(path: str, now: float) -> Generator[hg.Request, hg.Response, hg.Token]:
    """The flow of `Provider.token`. `path` names a credentials file; empty: the machine's own
    identity. `now` is Unix seconds. Raises `CallFailed` (credentials) for a file that is none.
    """
    if not path:
        answer = yield hg.Request(_METADATA, method="GET", headers={"Metadata-Flavor": "Google"})
        return _token(answer)
    file = yield hg.Request(
        f"file://{quote(path)}" if path.startswith("/") else f"file:{quote(path)}"
    )
    address, form = exchange(_json(file, "the credentials file"), now)
    answer = yield hg.Request(address, urlencode(form).encode("ascii"), headers=_FORM)
    return _token(answer)


def exchange(file: Mapping[str, Any], now: float) -> tuple[str, Mapping[str, str]]:
    """Where the contents of a credentials file are turned into a token, and the form to send."""
    address = string(file.get("token_uri")) or _TOKENS
    match file.get("type"):
        case "service_account":
            return address, {"grant_type": _SIGNED, "assertion": _assertion(file, address, now)}
        case "authorized_user":
            said = {name: _needed(file, name) for name in _USER}
            return address, {"grant_type": "refresh_token", **said}
        case other:
            raise _refused(f"credentials of type {other!r} are not supported")


def _assertion(file: Mapping[str, Any], audience: str, now: float) -> str:
    """A JWT (RFC 7523) by which the service account asks for a token."""
    # Only a service account needs it, and it takes long to load.
    from headgate_google.rsa import sign  # noqa: PLC0415

    head = {"alg": "RS256", "typ": "JWT"}
    if kid := string(file.get("private_key_id")):
        head["kid"] = kid
    claims = {
        "iss": _needed(file, "client_email"),
        "scope": _SCOPE,
        "aud": audience,
        "iat": int(now),
        "exp": int(now) + _LIFE,
    }
    signed = f"{_encoded(head)}.{_encoded(claims)}"
    try:
        signature = sign(_needed(file, "private_key"), signed.encode("ascii"))
    except ValueError as error:
        raise _refused(str(error)) from None
    return f"{signed}.{_base64url(signature)}"


def _encoded(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _needed(file: Mapping[str, Any], name: str) -> str:
    if (value := string(file.get(name))) is None:
        raise _refused(f"the credentials file has no '{name}'")
    return value


def _token(answer: hg.Response) -> hg.Token:
    said = _json(answer, "the answer of the token endpoint")
    value, life = string(said.get("access_token")), said.get("expires_in")
    if value is None:
        raise _refused("the token endpoint gave no access token")
    return hg.Token(value, float(life) if isinstance(life, int | float) else float(_LIFE))


def _json(response: hg.Response, what: str) -> Mapping[str, Any]:
    try:
        return mapping(parsed(response.body))
    except ValueError:
        raise _refused(f"{what} is no JSON") from None


def _refused(message: str) -> hg.CallFailed:
    return hg.CallFailed(hg.Failure(hg.Kind.CREDENTIALS, message))
