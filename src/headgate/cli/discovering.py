"""`headgate models --discover`: what the providers themselves say they serve, now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from headgate.attempts.discovery import models_of
from headgate.attempts.link import Link
from headgate.catalogue.facts import Facts
from headgate.cli.loading import Setup
from headgate.provider.base import Listed
from headgate.provider.call import Target
from headgate.provider.failure import CallFailed
from headgate.upstream.client import Client

#: What came of asking one provider: its models, why not, or None where it lists none.
Answer = dict[str, Listed] | str | None


def ask(links: Iterable[Link]) -> dict[str, Answer]:
    """Asks every provider at the same time."""
    return asyncio.run(_ask(tuple(links)))


async def _ask(links: tuple[Link, ...]) -> dict[str, Answer]:
    client = Client()
    try:
        answers = await asyncio.gather(*(_one(client, link) for link in links))
    finally:
        await client.close()
    return {link.name: answer for link, answer in zip(links, answers, strict=True)}


async def _one(client: Client, link: Link) -> Answer:
    try:
        return await models_of(link, client)
    except CallFailed as failed:
        return failed.failure.message


def rows(setup: Setup, answers: dict[str, Answer]) -> list[tuple[Target, Facts]]:
    """Every model that was listed, with what is known of it."""
    found = []
    for provider, answer in answers.items():
        if not isinstance(answer, dict):
            continue
        catalogued = setup.table.providers[provider]
        for listed in answer.values():
            target = Target(provider, listed.id)
            facts = setup.table.facts(target)
            if facts is None:
                facts = Facts(catalogued, listed.id, "?", listed.context_window)
            found.append((target, facts))
    return found
