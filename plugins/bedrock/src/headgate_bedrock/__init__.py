"""Amazon Bedrock: Converse for every model, and two dialects relayed as they are."""

from collections.abc import Iterable

import headgate as hg
from headgate_bedrock.bedrock import Bedrock
from headgate_bedrock.eventstream import EventStream

__all__ = ["Bedrock", "EventStream"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """Bedrock alone."""
    return (Bedrock,)
