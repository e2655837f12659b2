"""`headgate serve`."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Container
from pathlib import Path

import click
import uvloop

from headgate.access.first_key import NAME, first_key
from headgate.app import bind_lag, build_runtime, secrets_of
from headgate.cli.loading import config_option, fail, load_all
from headgate.config.load import Loaded
from headgate.config.problem import ConfigError
from headgate.config.schema import Key
from headgate.registry import Registry
from headgate.server.lifecycle import run_server
from headgate.server.state import ServerState
from headgate.telemetry.log import JsonHandler, LineLog

_HOME = Path(os.environ.get("HEADGATE_HOME", ".headgate"))


@click.command("serve")
@config_option
@click.option("--host", help="Address to listen on, instead of the file's.")
@click.option("--port", type=int, help="Port to listen on, instead of the file's.")
@click.option("--quiet", is_flag=True, help="Do not print the lines to paste.")
def command(file: Path | None, host: str | None, port: int | None, quiet: bool) -> None:
    """Start the gateway."""
    loaded, registry = load_all(file, only_used=True)
    loaded, shown = _with_key(_with_address(loaded, host, port))
    try:
        uvloop.run(_serve(loaded, registry, None if quiet else shown))
    except ConfigError:
        # Everything that is wrong, not just what was met first.
        from headgate.cli.check import examine  # noqa: PLC0415 - only when it fails

        fail(ConfigError(examine(file)[1]))
    except OSError as error:
        server = loaded.config.server
        click.echo(f"cannot listen on {server.host}:{server.port}: {error.strerror}", err=True)
        raise SystemExit(1) from None


def _with_address(loaded: Loaded, host: str | None, port: int | None) -> Loaded:
    changes = {"host": host, "port": port}
    server = loaded.config.server.model_copy(
        update={name: value for name, value in changes.items() if value is not None}
    )
    return Loaded(loaded.config.model_copy(update={"server": server}), loaded.source)


def _with_key(loaded: Loaded) -> tuple[Loaded, str]:
    """The configuration with at least one key, and the key to print: only one that we made."""
    access = loaded.config.access
    if access.keys:
        return loaded, ""
    key = first_key(_HOME)
    access = access.model_copy(update={"keys": (Key(name=NAME, key=key, role="admin"),)})
    return Loaded(loaded.config.model_copy(update={"access": access}), loaded.source), key


async def _serve(loaded: Loaded, registry: Registry, shown: str | None) -> None:
    log = LineLog()
    handler = JsonHandler(log, secrets_of(loaded.config))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    runtime = build_runtime(loaded, registry, log)
    state = ServerState(runtime)

    def lag() -> float:
        worst, state.lag = state.lag, 0.0
        return worst

    bind_lag(runtime, lag)
    # What is built by now lives as long as the process: collections need not look at it again,
    # and need not come after every few hundred small objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)

    def started(host: str, port: int) -> None:
        if shown is not None:
            _greet(host, port, shown, runtime.links)
        logging.getLogger("headgate").info(
            "listening on http://%s:%s with providers %s",
            host,
            port,
            ", ".join(runtime.links) or "none",
        )

    await run_server(state, runtime.means.client.close, started)


def _greet(host: str, port: int, key: str, providers: Container[str]) -> None:
    named = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - only compared
    url = f"http://{f'[{named}]' if ':' in named else named}:{port}"
    model = "echo/echo" if "echo" in providers else "MODEL"
    click.echo(f"Headgate is ready at {url}")
    click.echo(f"Key: {key}" if key else "Key: one of access.keys in your configuration")
    shown = key or "YOUR-KEY"
    body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
    click.echo(
        f"\n  curl {url}/v1/chat/completions -H 'Authorization: Bearer {shown}' "
        f"-H 'Content-Type: application/json' -d '{body}'\n"
    )
    # Nothing but the standard library, so that it works on any machine that runs the gateway.
    click.echo(
        "  python3 -c 'import json, urllib.request as web; "
        f'print(json.load(web.urlopen(web.Request("{url}/v1/chat/completions", '
        f'json.dumps({body}).encode(), {{"Authorization": "Bearer {shown}", '
        '"Content-Type": "application/json"})))["choices"][0]["message"]["content"])\'\n'
    )
    click.echo(f'Any OpenAI SDK: base_url="{url}/v1", api_key="{shown}"')
    click.echo(f'Any Anthropic SDK: base_url="{url}", api_key="{shown}"\n')
