"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_cohere import Cohere

TestCohere = suite(Cohere())
