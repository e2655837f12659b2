"""What providers themselves say they serve. Losable: it is asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headgate.provider.base import Listed


class Found(NamedTuple):
    """The models of one provider, by id, as it listed them at `at` (Unix seconds).

    `error` says why the latest try failed; the models are then those of the last good one.
    """

    models: Mapping[str, Listed]
    at: float
    error: str | None = None


def refreshed(old: Found | None, error: str) -> Found:
    """What is known after a try that failed."""
    return Found({}, 0.0, error) if old is None else old._replace(error=error)
