"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_huggingface import HuggingFace, TextEmbeddings

TestHuggingFace = suite(HuggingFace())
TestTextEmbeddings = suite(TextEmbeddings())
