"""Azure OpenAI and the models of Microsoft Foundry."""

from collections.abc import Iterable

import headgate as hg
from headgate_azure.azure import Azure

__all__ = ["Azure"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """Azure, with all three of its APIs."""
    return (Azure,)
