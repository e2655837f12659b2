"""The Node SDK in a process of its own: one run for all cases."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .recordings import absent

SOURCE = Path(__file__).parent / "node"
_INSTALL_SECONDS, _RUN_SECONDS = 90.0, 60.0


def installed(folder: Path) -> Path:
    """A copy of the script with its dependencies. Skips where Node is missing."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("node and npm are not installed")
    # What was installed beside the source, for a person's own use, stays out of it.
    copy = shutil.copytree(SOURCE, folder / "node", ignore=shutil.ignore_patterns("node_modules"))
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm ci failed:\n{done.stderr}")
    return Path(copy)


def run(folder: Path, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the SDK yielded, by the names of the cases."""
    done = subprocess.run(
        ["node", "cases.mjs"],
        cwd=folder,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"node failed:\n{done.stderr}")
    results: dict[str, Any] = json.loads(done.stdout)
    return results
