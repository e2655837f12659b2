"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_anthropic import Anthropic

TestAnthropic = suite(Anthropic())
