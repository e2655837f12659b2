"""Slips of the pen in `says`, which holds both our features and a vendor's own parameters."""

from __future__ import annotations

import difflib

from headgate.provider.fit import FEATURES

#: Long words as near as this to a feature are taken for one; short ones may differ in hyphens and
#: in number alone, for `speed` is not `seed`.
_SLIP, _LONG = 0.9, 8


def meant(name: str) -> str | None:
    """The feature that a word is probably a misspelling of; None for a feature itself."""
    if name in FEATURES:
        return None
    if found := {_bare(one): one for one in sorted(FEATURES)}.get(_bare(name)):
        return found
    near = difflib.get_close_matches(name, sorted(FEATURES), n=1, cutoff=_SLIP)
    return near[0] if near and len(name) >= _LONG else None


def _bare(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("s")
