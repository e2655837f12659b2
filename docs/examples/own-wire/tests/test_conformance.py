"""Everything a provider has to hold, and the transcripts beside this file."""
# ruff: noqa: INP001 - a test module: it stands alone

from pathlib import Path

from headgate_millrace import Millrace

from headgate.testing.conformance import suite

TestMillrace = suite(Millrace(), Path(__file__).parent / "transcripts")
