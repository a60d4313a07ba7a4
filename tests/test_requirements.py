"""Holds the tests to the manifest and the manifest to the tests, by reading the tests' source.

Nothing is imported and nothing has to run, so that the answer is the same for `pytest tests/models` as for
the whole tree, and with or without the extras.
"""

import ast
import re
import runpy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
# By path: neither the import mode nor an installed wheel puts the tests' folder on sys.path.
MANIFEST = runpy.run_path(str(TESTS / "requirements.py"))
REQUIREMENTS = MANIFEST["REQUIREMENTS"]
SECTIONS = MANIFEST["SECTIONS"]

AREA = "ADMIN|AG|DIALECT|EP|ERR|FROZEN|HTTP|ID|INGEST|LC|LIMIT|LIST|OBJ|REC|SPOOL|TIME|VALID|WIRE|WS"
ID = re.compile(rf"({AREA})(-[A-Z0-9]+)+")
SOURCE = re.compile(r"(?P<section>(protocol|recording) §[0-9.]+)( \([^()]+\))?")


@dataclass(frozen=True)
class Mark:
    """One `@pytest.mark.requirement(…)` as it stands in a file."""

    where: str
    """File, relative to the folder searched, and line."""
    ids: tuple[str, ...]
    """What it names."""
    fault: str | None
    """Why it proves nothing; None when it does."""


def test_marks_stand_on_tests_that_run() -> None:
    _expect_none(
        "marks that prove nothing", [f"{mark.where} {mark.fault}" for mark in _marks(TESTS) if mark.fault]
    )


def test_marks_name_entries() -> None:
    _expect_none("names that are not in the manifest", _unknown(REQUIREMENTS, _marks(TESTS)))


def test_entries_that_hold_are_proved() -> None:
    _expect_none("entries that no test names", _unproved(REQUIREMENTS, _marks(TESTS)))


def test_planned_entries_are_not_proved() -> None:
    _expect_none("entries to be unmarked, since a test proves them", _outdated(REQUIREMENTS, _marks(TESTS)))


def test_ids_are_unique() -> None:
    counts = Counter(entry.id for entry in REQUIREMENTS)
    _expect_none("ids that are used twice", [name for name, count in counts.items() if count > 1])


def test_texts_are_unique() -> None:
    counts = Counter(entry.text for entry in REQUIREMENTS)
    _expect_none("texts that are used twice", [text for text, count in counts.items() if count > 1])


def test_entries_are_well_formed() -> None:
    _expect_none("malformed entries", [line for entry in REQUIREMENTS for line in _malformed(entry)])


def test_every_section_is_used() -> None:
    used = {entry.source.split(" (")[0] for entry in REQUIREMENTS}
    _expect_none("sections that no entry comes from", sorted(SECTIONS.keys() - used))


def _expect_none(what: str, findings: list[str]) -> None:
    if findings:
        pytest.fail(f"{len(findings)} {what}:\n  " + "\n  ".join(findings), pytrace=False)


# --- The two directions -------------------------------------------------------------------------------


def _unknown(requirements: Any, marks: list[Mark]) -> list[str]:
    known = {entry.id for entry in requirements}
    return [f"{name} at {mark.where}" for mark in marks for name in mark.ids if name not in known]


def _unproved(requirements: Any, marks: list[Mark]) -> list[str]:
    proved = _proofs(marks)
    return [
        f"{entry.id} [{entry.source}] {entry.text}"
        for entry in requirements
        if entry.planned is None and entry.id not in proved
    ]


def _outdated(requirements: Any, marks: list[Mark]) -> list[str]:
    proved = _proofs(marks)
    return [
        f"{entry.id} (planned: {entry.planned}) at {proved[entry.id]}"
        for entry in requirements
        if entry.planned is not None and entry.id in proved
    ]


def _proofs(marks: list[Mark]) -> dict[str, str]:
    return {name: mark.where for mark in marks if mark.fault is None for name in mark.ids}


def _malformed(entry: Any) -> Iterator[str]:
    if ID.fullmatch(entry.id) is None:
        yield f"{entry.id}: the id is not one of {AREA} and then words"
    source = SOURCE.fullmatch(entry.source)
    if source is None or source["section"] not in SECTIONS:
        yield f"{entry.id}: there is no section {entry.source!r}"
    if not entry.text.endswith(".") or entry.text != " ".join(entry.text.split()):
        yield f"{entry.id}: the text is not one sentence"
    if entry.planned is not None and not entry.planned.strip():
        yield f"{entry.id}: planned names no capability"


# --- Reading marks from source ------------------------------------------------------------------------


def _marks(folder: Path) -> list[Mark]:
    return [mark for path in sorted(folder.rglob("*.py")) for mark in _marks_in(path, folder)]


def _marks_in(path: Path, folder: Path) -> Iterator[Mark]:
    tree = ast.parse(path.read_bytes(), filename=str(path))
    collected = path.name.startswith("test_")
    faults = {id(call): fault for expression, fault in _places(tree) for call in _calls(expression)}
    for call in _calls(tree):
        where = f"{path.relative_to(folder).as_posix()}:{call.lineno}"
        fault = faults.get(id(call), "is not on a test") if collected else "is in a file without tests"
        yield Mark(where, _names(call), fault if _is_literal(call) else "does not spell its ids as strings")


def _places(tree: ast.AST) -> Iterator[tuple[ast.expr, str | None]]:
    """The expressions in which a mark belongs to a test, each with what keeps that test from proving it."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if _is_test(node.name):
                skipped = any(_is_off(decorator) for decorator in node.decorator_list)
                fault = "is on a test that is skipped or expected to fail" if skipped else None
                yield from ((decorator, fault) for decorator in node.decorator_list)
            case ast.Assign(
                targets=[ast.Name(id="pytestmark") | ast.Attribute(attr="pytestmark")], value=value
            ):
                yield value, None
            case ast.keyword(arg="marks", value=value):
                yield value, None
            case _:
                pass


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _is_mark(call.func, "requirement"):
            yield call


def _is_test(name: str) -> bool:
    return name.startswith(("test", "Test"))


def _is_off(decorator: ast.expr) -> bool:
    bare = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _is_mark(bare, "skip") or _is_mark(bare, "xfail")


def _is_mark(node: ast.expr, name: str) -> bool:
    match node:
        case ast.Attribute(attr=attr, value=ast.Attribute(attr="mark") | ast.Name(id="mark")):
            return attr == name
        case _:
            return False


def _names(call: ast.Call) -> tuple[str, ...]:
    constants = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return tuple(value for value in constants if isinstance(value, str))


def _is_literal(call: ast.Call) -> bool:
    return bool(call.args) and not call.keywords and len(_names(call)) == len(call.args)


# --- The reading itself -------------------------------------------------------------------------------


def _marks_of(source: str, tmp_path: Path, name: str = "test_sample.py") -> list[Mark]:
    (tmp_path / name).write_text("import pytest\n" + source, encoding="utf-8")
    return _marks(tmp_path)


def _entry(name: str, planned: str | None = None) -> Any:
    return MANIFEST["Requirement"](name, "protocol §2", "It holds.", planned)


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.requirement('A-1', 'A-2')\ndef test_it(): ...",
        "@pytest.mark.anyio\n@pytest.mark.requirement('A-1', 'A-2')\nasync def test_it(): ...",
        "@pytest.mark.requirement('A-1', 'A-2')\nclass TestIt: ...",
        "class TestIt:\n    @pytest.mark.requirement('A-1', 'A-2')\n    def test_it(self): ...",
        "pytestmark = pytest.mark.requirement('A-1', 'A-2')",
        "pytestmark = [pytest.mark.anyio, pytest.mark.requirement('A-1', 'A-2')]",
        "TestIt.pytestmark = [pytest.mark.requirement('A-1', 'A-2')]",
        "CASES = [pytest.param(1, marks=pytest.mark.requirement('A-1', 'A-2'))]",
        "@pytest.mark.skipif(True, reason='x')\n@pytest.mark.requirement('A-1', 'A-2')\ndef test_it(): ...",
    ],
)
def test_a_mark_on_a_test_is_read(source: str, tmp_path: Path) -> None:
    [mark] = _marks_of(source, tmp_path)
    assert (mark.ids, mark.fault) == (("A-1", "A-2"), None)
    assert mark.where.startswith("test_sample.py:")


@pytest.mark.parametrize(
    ("source", "name", "fault"),
    [
        ("@pytest.mark.requirement('A-1')\ndef make(): ...", "test_sample.py", "is not on a test"),
        ("pytestmark = pytest.mark.requirement('A-1')", "conftest.py", "is in a file without tests"),
        ("@pytest.mark.requirement(NAME)\ndef test_it(): ...", "test_sample.py", "does not spell"),
        ("@pytest.mark.requirement('A-1', *MORE)\ndef test_it(): ...", "test_sample.py", "does not spell"),
        ("@pytest.mark.requirement()\ndef test_it(): ...", "test_sample.py", "does not spell"),
        (
            "@pytest.mark.skip(reason='later')\n@pytest.mark.requirement('A-1')\ndef test_it(): ...",
            "test_sample.py",
            "is on a test that is skipped",
        ),
        (
            "@pytest.mark.xfail\n@pytest.mark.requirement('A-1')\ndef test_it(): ...",
            "test_sample.py",
            "is on a test that is skipped",
        ),
    ],
)
def test_a_mark_that_proves_nothing_says_why(source: str, name: str, fault: str, tmp_path: Path) -> None:
    [mark] = _marks_of(source, tmp_path, name)
    assert mark.fault is not None
    assert mark.fault.startswith(fault)
    assert _unproved([_entry("A-1")], [mark])


def test_a_mark_inside_a_string_is_not_read(tmp_path: Path) -> None:
    assert _marks_of("SOURCE = '@pytest.mark.requirement(\"A-1\")'", tmp_path) == []


def test_both_directions_find_what_they_are_for(tmp_path: Path) -> None:
    marks = _marks_of("@pytest.mark.requirement('A-1', 'A-LATER', 'A-NONE')\ndef test_it(): ...", tmp_path)
    entries = [_entry("A-1"), _entry("A-2"), _entry("A-LATER", "real time"), _entry("A-OTHER", "real time")]
    assert _unknown(entries, marks) == ["A-NONE at test_sample.py:2"]
    assert _unproved(entries, marks) == ["A-2 [protocol §2] It holds."]
    assert _outdated(entries, marks) == ["A-LATER (planned: real time) at test_sample.py:2"]


@pytest.mark.parametrize(
    ("members", "finding"),
    [
        (("lower-case", "protocol §2", "It holds."), "the id is not"),
        (("HTTP", "protocol §2", "It holds."), "the id is not"),
        (("NOWHERE-1", "protocol §2", "It holds."), "the id is not"),
        (("HTTP-1", "protocol §2.7", "It holds."), "there is no section"),
        (("HTTP-1", "RFC §3", "It holds."), "there is no section"),
        (("HTTP-1", "protocol §2", "It  holds"), "the text is not"),
        (("HTTP-1", "protocol §2 (RFC §3)", "It holds.", " "), "planned names no"),
    ],
)
def test_a_malformed_entry_is_found(members: tuple[str, ...], finding: str) -> None:
    [line] = _malformed(MANIFEST["Requirement"](*members))
    assert line.startswith(f"{members[0]}: {finding}")
