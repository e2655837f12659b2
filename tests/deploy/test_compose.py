"""The compose file: its shape, and its gateway and Prometheus with each other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml

from headgate.testing.gateway import Gateway

from .programs import DEPLOY, Prometheus, program

FILE = DEPLOY / "compose.yaml"
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
KEYS = {
    "HEADGATE_KEY": "hg-first-0000000000000000",
    "HEADGATE_METRICS_KEY": "hg-metrics-00000000000000",
    "OPENAI_API_KEY": "",
}


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Sources and places of a service's volumes."""
    pairs = [volume.split(":") for volume in service.get("volumes", ())]
    return [(pair[0], pair[1]) for pair in pairs]


@pytest.fixture
def compose_gateway(tmp_path: Path) -> Gateway:
    """The gateway of the compose file, on loopback; not started yet."""
    text = (DEPLOY / "compose" / "gateway.yaml").read_text("utf-8")
    return Gateway(text.replace("0.0.0.0", "127.0.0.1"), tmp_path, KEYS)


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_a_service_mounts_is_there(name: str) -> None:
    declared = yaml.safe_load(FILE.read_text("utf-8"))["volumes"]
    for source, _ in mounts(SERVICES[name]):
        assert (DEPLOY / source).exists() if source.startswith(".") else source in declared


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_a_version_and_every_port_stays_on_this_machine(name: str) -> None:
    assert re.search(r":(v?\d+\.\d+\.\d+|local)$", SERVICES[name]["image"])
    for port in SERVICES[name]["ports"]:
        assert port.startswith("127.0.0.1:")


def test_every_variable_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", FILE.read_text("utf-8")))
    lines = (DEPLOY / "compose" / "env.example").read_text("utf-8").splitlines()
    given = {line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert asked == given


def test_every_secret_and_dependency_is_declared() -> None:
    secrets = yaml.safe_load(FILE.read_text("utf-8"))["secrets"]
    for service in SERVICES.values():
        assert set(service.get("secrets", ())) <= secrets.keys()
        assert set(service.get("depends_on", ())) <= SERVICES.keys()


def test_running_answers_may_end_before_docker_loses_patience() -> None:
    assert int(SERVICES["headgate"]["stop_grace_period"].removesuffix("s")) > 120


def test_grafana_finds_its_dashboards_and_its_prometheus() -> None:
    places = dict(mounts(SERVICES["grafana"]))
    folder = DEPLOY / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((folder / "dashboards" / "headgate.yaml").read_text("utf-8"))[
        "providers"
    ]
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text("utf-8"))[
        "datasources"
    ]
    assert places["./grafana/dashboards"] == provider["options"]["path"]
    assert source["type"] == "prometheus"
    assert source["url"].strip("${}") in SERVICES["grafana"]["environment"]


def test_prometheus_reads_the_gateway_with_its_key(
    compose_gateway: Gateway, tmp_path: Path
) -> None:
    config = DEPLOY / "compose" / "prometheus.yml"
    with compose_gateway as gateway:
        target = f"127.0.0.1:{gateway.port}"
        key = KEYS["HEADGATE_METRICS_KEY"] + "\n"
        with Prometheus(config, tmp_path, [target], key) as prometheus:
            prometheus.wait_until('up{job="headgate"} == 1')


def test_nobody_else_reads_the_metrics(compose_gateway: Gateway) -> None:
    with compose_gateway as gateway, pytest.raises(HTTPError) as refused:
        urlopen(f"{gateway.url}/metrics", timeout=10)
    refused.value.close()
    assert refused.value.code == 401


def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    docker = program("docker", optional=True)
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose plugin here")
    variables = tmp_path / "env"
    variables.write_text("".join(f"{n}=x\n" for n in (*KEYS, "GRAFANA_PASSWORD")), "ascii")
    done = subprocess.run(
        [docker, "compose", "--env-file", variables, "-f", FILE, "config", "--quiet"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
