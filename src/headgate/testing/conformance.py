"""What every provider has to hold, as tests to run on yours.

    from headgate.testing.conformance import suite
    TestMillrace = suite(Millrace(), "tests/transcripts")

The class checks what the provider declares and its options; asks it to say some fifty calls, one
feature at a time; feeds it garbage; checks its error classification, and that it computes and does
nothing else; and replays your transcripts, streams torn at every boundary.

Every failure says what to do about it.
"""

from __future__ import annotations

from pathlib import Path

from headgate.provider.base import Provider
from headgate.testing.check_answers import Answers
from headgate.testing.check_calls import Calls
from headgate.testing.check_declared import Declared
from headgate.testing.check_replayed import Paired, Replayed
from headgate.testing.transcript import load, pairs


def suite(provider: Provider, transcripts: str | Path | None = None) -> type:
    """A test class for pytest. `transcripts` is a folder; see `headgate.testing.transcript`.

    Raises `ValueError` for a folder without transcripts, and for a file that is none.
    """
    found = [] if transcripts is None else load(Path(transcripts))
    if transcripts is not None and not found:
        raise ValueError(f"there is no transcript in {transcripts}")
    bases: tuple[type, ...] = (Declared, Calls, Answers)
    if found:
        bases = (*bases, Replayed)
    if twice := pairs(found):
        bases = (*bases, Paired)
    members = {"provider": provider, "transcripts": tuple(found), "pairs": tuple(twice)}
    return type(f"Test{type(provider).__name__}", bases, members)
