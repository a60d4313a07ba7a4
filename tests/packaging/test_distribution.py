"""What is shipped: the wheel's and the sdist's top level, an install without extras, what an import costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = {"mplp_sdk", "mplp_adapters", "mplp_mock_server"}
EXTRAS = {"langchain", "autogen", "ag2", "server", "cli", "http2", "zstd", "all", "dev"}
CORE = {"anyio", "httpcore", "httpx", "msgspec", "pydantic", "tenacity", "websockets"}

pytestmark = pytest.mark.timeout(300)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Standard output of a command; fails with all that it said."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist, built from the checkout; the wheel is built from the sdist, as pip would."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def clean_python(distributions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of a new environment in which only the wheel and its core dependencies are installed."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", distributions["wheel"])
    return python


def test_the_wheels_top_level_is_the_three_packages(distributions: dict[str, Path]) -> None:
    with zipfile.ZipFile(distributions["wheel"]) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    data = [name for name in names if not name.endswith((".py", "py.typed")) and ".dist-info/" not in name]
    assert data == ["mplp_mock_server/api/examples.json"]


def test_the_sdist_holds_the_checkout(distributions: dict[str, Path]) -> None:
    with tarfile.open(distributions["sdist"]) as sdist:
        top = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
    expected = {"mplp_sdk", "adapters", "mock_server", "tests", "examples", "docs", "benchmarks", "scripts"}
    files = {"pyproject.toml", "README.md", "CHANGELOG.md", "Makefile", "PKG-INFO", ".gitignore"}
    assert top == expected | files


def test_the_metadata_names_extras_and_a_small_core(distributions: dict[str, Path]) -> None:
    with zipfile.ZipFile(distributions["wheel"]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
        metadata = message_from_string(wheel.read(name).decode())
    assert metadata["Name"] == "mplp-agent-sdk"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra", ())) == EXTRAS
    required = metadata.get_all("Requires-Dist", ())
    assert {re.split("[<>=!~ ]", line)[0] for line in required if "extra ==" not in line} == CORE


def test_a_clean_install_imports_without_any_extra(clean_python: Path, tmp_path: Path) -> None:
    script = """
import json, mplp_sdk, mplp_adapters, mplp_mock_server, mplp_sdk.models, mplp_sdk.protocol.schemas
from mplp_sdk import AsyncClient, Client, Recorder, Settings
recorder = Recorder(home="spool-home")
with recorder.start_run("no extras") as run:
    run.root.annotate("it works")
recorder.close()
stats = recorder.stats()
print(json.dumps({"stored": stats.stored, "dropped": sum(stats.dropped.values())}))
"""
    said = json.loads(run(clean_python, "-c", script, cwd=tmp_path))
    assert said["stored"] > 0
    assert said["dropped"] == 0


@pytest.mark.parametrize(
    ("module", "extra"), [("mplp_adapters.langchain", "langchain"), ("mplp_mock_server.app", "server")]
)
def test_what_needs_an_extra_says_which(clean_python: Path, module: str, extra: str, tmp_path: Path) -> None:
    command = [str(clean_python), "-c", f"import {module}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode != 0
    assert f'pip install "mplp-agent-sdk[{extra}]"' in done.stderr.splitlines()[-1]


def test_the_command_line_says_which_extra_it_needs(clean_python: Path, tmp_path: Path) -> None:
    command = [str(clean_python.parent / "mplp"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        'The mplp command needs its extra: pip install "mplp-agent-sdk[cli]"\n',
    )


def test_importing_the_package_loads_no_http_client_and_no_framework() -> None:
    script = "import sys, mplp_sdk; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(run(sys.executable, "-c", script).split())
    assert "mplp_sdk" in loaded
    assert not loaded & {
        "httpx",
        "pydantic",
        "tenacity",
        "websockets",
        "msgspec",
        "langchain_core",
        "asyncio",
    }


def test_naming_a_client_loads_no_server_and_no_framework() -> None:
    script = "import sys; from mplp_sdk import Client, Recorder; print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run(sys.executable, "-c", script).split()}
    # rich and click are not here: httpx imports them itself where they are installed.
    assert not loaded & {"starlette", "uvicorn", "langchain_core", "langgraph", "opentelemetry"}


def test_the_environment_of_this_run_uses_the_checkout() -> None:
    """Guards the other tests: an installed wheel in site-packages would hide the code that was changed."""
    import mplp_sdk

    assert Path(mplp_sdk.__file__).is_relative_to(ROOT) or os.environ.get("MPLP_TEST_INSTALLED")
