"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_google import Gemini, Vertex

TestGemini = suite(Gemini())
TestVertex = suite(Vertex(project="a-project"))
