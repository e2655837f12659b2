"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_ollama import Ollama

TestOllama = suite(Ollama())
