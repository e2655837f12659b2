"""Looking up a presented key: by its hash, never by comparing secrets."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence

from headgate.config.schema import Key
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed, Failure, Kind

PREFIX = "hg-"
#: A longer credential is refused before it is hashed.
_MAX_KEY = 512
#: Where clients put their key: OpenAI's SDKs, Anthropic's, and those made for one cloud.
_BARE_HEADERS = ("x-api-key", "api-key")


class Keys:
    """The callers by the hash of their key."""

    def __init__(self, callers: Mapping[bytes, Caller]) -> None:
        self._callers = dict(callers)

    def find(self, presented: str) -> Caller | None:
        """The owner of a key, or None. Unknown and known keys take the same path."""
        if len(presented) > _MAX_KEY:
            return None
        return self._callers.get(digest(presented))

    def __len__(self) -> int:
        return len(self._callers)


def build_keys(configured: Iterable[Key]) -> Keys:
    """The static keys of the configuration."""
    return Keys(
        {digest(key.key): Caller(key.name, key.role, key.team, key.user) for key in configured}
    )


def digest(key: str) -> bytes:
    """Keys are random and long, so a fast hash is the right one."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def new_key() -> str:
    """A fresh key with 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def presented(all_of: Callable[[str, Sequence[str]], Sequence[str]]) -> str:
    """The one credential of a request. Raises `CallFailed`.

    `all_of(name, default)` gives every value of a header: two different credentials are refused,
    whatever carries them.
    """
    values = all_of("authorization", ())
    bare = [value.strip() for name in _BARE_HEADERS for value in all_of(name, ())]
    if len(values) == 1 and not bare and values[0].startswith("Bearer "):
        # How nearly every request comes.
        return values[0][7:].strip()
    found = {_bearer(value) for value in values}
    found.update(bare)
    if len(found) > 1:
        raise CallFailed(
            Failure(Kind.INVALID_REQUEST, "The request carries two different keys; send one.")
        )
    if not found or not (key := found.pop()):
        raise CallFailed(
            Failure(
                Kind.UNAUTHENTICATED,
                "You didn't provide an API key. Send it as 'Authorization: Bearer hg-...'.",
            )
        )
    return key


def _bearer(value: str) -> str:
    scheme, _, key = value.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else value.strip()


def unknown_key() -> CallFailed:
    """The refusal of a key nobody has."""
    return CallFailed(
        Failure(
            Kind.UNAUTHENTICATED, "Incorrect API key provided: the gateway has keys of its own."
        )
    )
