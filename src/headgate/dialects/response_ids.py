"""Ids of stored answers as clients see them: each one says where the answer lives.

A stored answer can only be read, continued or cancelled at the vendor, and with the key, that made
it. The gateway keeps no list of them; the id itself carries the way back.
"""

from __future__ import annotations

import base64
import re

import orjson

from headgate.provider.call import Pin

_PREFIX = "resp_"
_VERSION = 1
#: An id longer than this (characters) is not ours.
_LONGEST = 1024
#: An id goes into a vendor's path, so it must not be able to lead anywhere else.
_UPSTREAM_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")


def sealed(upstream_id: str, pin: Pin) -> str:
    """The id a client gets for the answer `upstream_id` that was made at `pin`.

    An id that could not be opened again (odd characters, too long) is returned as it is.
    """
    content = orjson.dumps([_VERSION, pin.provider, pin.key, upstream_id])
    text = _PREFIX + base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")
    fits = len(text) <= _LONGEST and _UPSTREAM_ID.fullmatch(upstream_id) is not None
    return text if fits else upstream_id


def opened(text: str) -> tuple[str, Pin] | None:
    """The vendor's id and where the answer lives; None for an id that is not one of ours."""
    if not text.startswith(_PREFIX) or len(text) > _LONGEST:
        return None
    packed = text.removeprefix(_PREFIX)
    try:
        content = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        said = orjson.loads(content)
    except ValueError:
        return None
    match said:
        case [_, str(provider), str() | None as key, str(upstream_id)]:
            pin = Pin(provider, key)
            # Only what we would give out ourselves: this version, this very spelling.
            return (upstream_id, pin) if sealed(upstream_id, pin) == text else None
        case _:
            return None
