"""Keeping the list of models fresh: every provider that wants it is asked, again and again."""

from __future__ import annotations

import asyncio
import logging

from headgate.attempts.discovery import models_of
from headgate.attempts.link import Link
from headgate.catalogue.discovered import Found, refreshed
from headgate.provider.failure import CallFailed
from headgate.runtime import Runtime

#: Seconds between two rounds.
INTERVAL = 900.0

_log = logging.getLogger("headgate.discovery")


async def keep_discovering(runtime: Runtime) -> None:
    """Asks at once and then every `INTERVAL`, until cancelled."""
    wanted = [link for link in runtime.links.values() if link.discover]
    while wanted:
        await asyncio.gather(*(_one(runtime, link) for link in wanted))
        await asyncio.sleep(INTERVAL)


async def _one(runtime: Runtime, link: Link) -> None:
    try:
        models = await models_of(link, runtime.means.client)
    except CallFailed as failed:
        message = failed.failure.message
        old = runtime.discovered.get(link.name)
        if old is None or old.error is None:
            _log.warning("the models of '%s' cannot be listed: %s", link.name, message)
        runtime.discovered[link.name] = refreshed(old, message)
        return
    if models is not None:
        runtime.discovered[link.name] = Found(models, runtime.wall_clock())
