"""What every provider has to hold, held by each of Azure's APIs."""

from __future__ import annotations

from pathlib import Path

from headgate.testing.conformance import suite
from headgate_azure import Azure

RESOURCE = "https://resource.openai.azure.com"
FOUNDRY = "https://resource.services.ai.azure.com/models"

TestAzure = suite(Azure(RESOURCE), Path(__file__).parent / "transcripts")
TestDated = suite(Azure(RESOURCE, api_version="2024-10-21"))
TestFoundry = suite(Azure(FOUNDRY))
