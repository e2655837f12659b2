"""The keys of one provider: which may be used now. Times are monotonic seconds."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.attempts.policy import KeyEffect
from headgate.provider.secret import Secret

#: How long a key rests that was refused, or limited without saying for how long.
DISABLED_SECONDS, COOL_SECONDS = 300.0, 10.0
_LONGEST_COOLING = 3600.0


class Keyring:
    """Keys in order of preference. The last one standing is never shut out."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        self._keys = tuple(keys)
        self._rest_until = [0.0] * len(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def pick(self, now: float, exclude: frozenset[int] = frozenset()) -> int | None:
        """The first rested key; else the one that rests the shortest. None without keys."""
        if not self._keys:
            return None
        if not exclude and self._rest_until[0] <= now:
            return 0
        left = [index for index in range(len(self._keys)) if index not in exclude]
        rested = [index for index in left if self._rest_until[index] <= now]
        if rested:
            return rested[0]
        return min(left or range(len(self._keys)), key=self._rest_until.__getitem__)

    def secret(self, index: int | None) -> Secret | None:
        """The key itself."""
        return None if index is None else self._keys[index]

    def find(self, fingerprint: str) -> int | None:
        """The key with this fingerprint."""
        found = (i for i, key in enumerate(self._keys) if key.fingerprint == fingerprint)
        return next(found, None)

    def usable(self, now: float, exclude: frozenset[int] = frozenset()) -> bool:
        """Whether some key is rested. True for a provider that needs none."""
        if not self._keys or (not exclude and self._rest_until[0] <= now):
            return True
        return any(
            until <= now and index not in exclude for index, until in enumerate(self._rest_until)
        )

    def effect(
        self, index: int | None, effect: KeyEffect, retry_after: float | None, now: float
    ) -> None:
        """What a failure means for the key it happened with."""
        if index is None or effect is KeyEffect.NONE:
            return
        rest = DISABLED_SECONDS
        if effect is KeyEffect.COOLS:
            rest = COOL_SECONDS if retry_after is None else min(retry_after, _LONGEST_COOLING)
        self._rest_until[index] = max(self._rest_until[index], now + rest)

    def up(self, now: float) -> list[tuple[str, bool]]:
        """Each key, masked, and whether it may be used now."""
        return [
            (key.masked, until <= now)
            for key, until in zip(self._keys, self._rest_until, strict=True)
        ]
