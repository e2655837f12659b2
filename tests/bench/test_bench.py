"""The bench in its short form: it runs, both subjects answer, and a figure over its limit shows."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

RUN = Path(__file__).parent / "run.py"
NEEDED = ("wrk", "nginx", "taskset")
LUA = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")


@pytest.fixture
def programs() -> None:
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    missing += [] if LUA.exists() or "NGINX_MODULES" in os.environ else ["nginx's Lua module"]
    if missing:
        said = f"the bench needs {', '.join(missing)}"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)


@pytest.mark.usefixtures("programs")
@pytest.mark.xdist_group("bench")
def test_the_bench_measures_both_subjects(tmp_path: Path) -> None:
    told = tmp_path / "figures.json"
    command = [sys.executable, str(RUN), "--short", "--json", str(told)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"cpu_us_per_chunk"' in told.read_text()


def _bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_run"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("ours", "code"), [(120.0, 0), (126.0, 1)])
def test_a_figure_over_its_limit_fails_the_bench(ours: float, code: int) -> None:
    bench = _bench()
    subjects = []
    for name, cpu in ((bench.FLOOR, 100.0), (bench.HEADGATE, ours)):
        figures = {figure: [100.0] for figure in bench.RATIOS}
        figures |= {"cpu_us_per_request": [cpu], "idle_mib": [50.0], "start_s": [0.5]}
        subjects.append(bench.Subject(name, 0, None, {**figures, "failed": [0.0]}))
    assert bench.report(subjects, None, strict=True) == code
