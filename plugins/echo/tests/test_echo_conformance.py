"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_echo import Echo

TestEcho = suite(Echo())
