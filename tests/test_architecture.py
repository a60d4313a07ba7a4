"""Who may import whom. Arrows point downwards only, and each outside library has its one place."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "mplp_sdk": ROOT / "mplp_sdk",
    "mplp_adapters": ROOT / "adapters" / "mplp_adapters",
    "mplp_mock_server": ROOT / "mock_server" / "mplp_mock_server",
}
LOWEST = {"mplp_sdk.models", "mplp_sdk.protocol", "mplp_sdk.errors"}
MAY_IMPORT = {
    "mplp_sdk.models": LOWEST,
    "mplp_sdk.protocol": LOWEST,
    "mplp_sdk.errors": LOWEST,
    "mplp_sdk.config": {"mplp_sdk.errors"},
    "mplp_sdk.client": LOWEST | {"mplp_sdk.config", "mplp_sdk"},
    "mplp_sdk.realtime": LOWEST | {"mplp_sdk.config"},
    "mplp_sdk.recording": LOWEST | {"mplp_sdk.client", "mplp_sdk.config", "mplp_sdk"},
    "mplp_adapters": LOWEST | {"mplp_sdk.recording", "mplp_sdk.config"},
    "mplp_mock_server": LOWEST | {"mplp_sdk"},
}
"""What each layer may import of the project, besides itself; `mplp_sdk` alone is the package's own names
(its version), which load nothing."""

LIBRARIES = {
    "mplp_sdk.errors": set[str](),
    "mplp_sdk.models": {"pydantic", "pydantic_core", "typing_extensions"},
    "mplp_sdk.protocol": {"pydantic", "pydantic_core", "typing_extensions"},
    "mplp_sdk.config": set[str](),
}
"""Outside libraries that the lowest layers may import."""


def layer(module: str) -> str:
    """The layer that `module` belongs to: `mplp_sdk.client._flow` to `mplp_sdk.client`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "mplp_sdk" else parts[0]


def modules() -> Iterator[tuple[str, Path]]:
    for name, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = (name, *path.relative_to(folder).with_suffix("").parts)
            yield ".".join(part for part in parts if part != "__init__"), path


def imports(path: Path) -> set[str]:
    """Modules that the file at `path` names in an import, wherever it stands in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            found.add(node.module)
            # `from package import module` names a module too; `from package import name` does no harm here.
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module in PACKAGES}
    return found


MODULES = dict(modules())
LAYERS = {layer(module) for module in MODULES}


@pytest.mark.parametrize("name", sorted(MAY_IMPORT))
def test_a_layer_imports_only_what_is_below_it(name: str) -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, path in MODULES.items()
        if layer(module) == name
        for imported in imports(path)
        if (home := layer(imported)) in LAYERS and home != name and home not in MAY_IMPORT[name]
    ]
    assert wrong == []


def test_every_layer_has_its_rule() -> None:
    assert LAYERS - set(MAY_IMPORT) == {"mplp_sdk", "mplp_sdk.cli"}


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_the_lowest_layers_need_nothing_but_pydantic(name: str) -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, path in MODULES.items()
        if layer(module) == name
        for imported in imports(path)
        if (library := imported.split(".")[0]) not in sys.stdlib_module_names
        and library not in PACKAGES
        and library not in LIBRARIES[name]
    ]
    assert wrong == []


def test_httpx_is_imported_in_one_module() -> None:
    users = [
        module for module, path in MODULES.items() if any(i.split(".")[0] == "httpx" for i in imports(path))
    ]
    assert users == ["mplp_sdk.client._http"]


def test_models_read_no_clock_and_protocol_does_no_io() -> None:
    io = {"asyncio", "socket", "subprocess", "threading", "urllib.request", "http.client", "httpx", "os"}
    wrong = [
        f"{module} imports {imported}"
        for module, path in MODULES.items()
        if layer(module) in LOWEST
        for imported in imports(path)
        if imported in io
    ]
    assert wrong == []
