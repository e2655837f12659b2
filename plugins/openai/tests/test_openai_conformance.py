"""What every provider has to hold."""

from headgate.testing.conformance import suite
from headgate_openai import Custom, OpenAI

TestOpenAI = suite(OpenAI())
TestCustom = suite(Custom(base_url="http://127.0.0.1:8000/v1"))
