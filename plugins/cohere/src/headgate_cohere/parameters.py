"""Cohere's own parameters, which clients write beside those of their dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg


def own(extras: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The extras of one endpoint. Raises `Unsupported` for those of another: `Provider.says` names
    the parameters of all endpoints at once.
    """
    for name in extras:
        if name not in known:
            raise hg.Unsupported(f"'{name}' is no parameter of this endpoint of cohere", name)
    return dict(extras)
