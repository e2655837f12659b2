"""Everything a provider has to hold, and the transcripts beside this file."""
# ruff: noqa: INP001 - a test module: it stands alone

from pathlib import Path

from headgate_acme import Acme

from headgate.testing.conformance import suite

TestAcme = suite(Acme(), Path(__file__).parent / "transcripts")
