"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_bedrock import Bedrock

TestBedrock = suite(Bedrock())
