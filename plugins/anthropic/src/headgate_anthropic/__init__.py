"""Anthropic's Messages API: Claude, asked in its own dialect or in any other.

Other vendors serve the same API under addresses and credentials of their own. A provider for one
of them writes its body with `request_body`, reads answers with `message_events` and
`MessagesFeed`, and errors with `failure_of`.
"""

from collections.abc import Iterable

import headgate as hg
from headgate_anthropic.anthropic import Anthropic
from headgate_anthropic.faults import failure_of
from headgate_anthropic.foreign import own_blocks, sealed_elsewhere
from headgate_anthropic.hear import MessagesFeed, message_events, read_message, read_usage
from headgate_anthropic.models import SAYS, vocabulary
from headgate_anthropic.say import count_body, request_body

__all__ = [
    "SAYS",
    "Anthropic",
    "MessagesFeed",
    "count_body",
    "failure_of",
    "message_events",
    "own_blocks",
    "read_message",
    "read_usage",
    "request_body",
    "sealed_elsewhere",
    "vocabulary",
]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """The one kind there is: `anthropic`."""
    return (Anthropic,)
