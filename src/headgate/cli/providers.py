"""`headgate providers`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from headgate.attempts.link import Link
from headgate.cli.loading import config_option, json_option, set_up
from headgate.cli.show import console, print_json, table
from headgate.provider.secret import Secret

#: A user and password in a URL are nobody's business.
_USERINFO = re.compile(r"(?<=//)[^/@]*@")


@click.command("providers")
@config_option
@json_option
def command(file: Path | None, as_json: bool) -> None:
    """List the configured providers."""
    setup = set_up(file)
    specs = setup.loaded.config.providers
    rows = [
        (link, [Secret(key).masked for key in specs[name].keys if key])
        for name, link in setup.links.items()
    ]
    if as_json:
        print_json([_facts(link, keys) for link, keys in rows])
        return
    if not rows:
        console().print("No provider is configured.")
        return
    columns = ("name", "kind", "base_url", "keys", "relays")
    console().print(table(columns, [_row(link, keys) for link, keys in rows]))


def _row(link: Link, keys: list[str]) -> tuple[str, ...]:
    provider = link.provider
    shown = " ".join(keys) or ("not needed" if provider.keyless else "none")
    # What is not relayed is translated; no dialect is ever out of reach for that alone.
    relays = " ".join(sorted(provider.speaks)) or "- (translates)"
    return link.name, provider.kind, _url(link) or "-", shown, relays


def _facts(link: Link, keys: list[str]) -> dict[str, object]:
    provider = link.provider
    return {
        "name": link.name,
        "kind": provider.kind,
        "base_url": _url(link) or None,
        "keys": keys,
        "needs_key": not provider.keyless,
        "relays": sorted(provider.speaks),
        "concurrency": link.concurrency,
        "discover": link.discover,
        "drop_unsupported": link.drop_unsupported,
    }


def _url(link: Link) -> str:
    return _USERINFO.sub("…@", link.provider.base_url)
