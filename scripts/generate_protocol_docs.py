"""Write `docs/protocol.md` from the requirement manifest: it says neither more nor less than is proved.

python scripts/generate_protocol_docs.py            write it
python scripts/generate_protocol_docs.py --check    compare, and write nothing
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "protocol.md"

HEAD = """\
# The protocol, as implemented

MPLP is described by five documents: RFC, Design, Design-draft (its second half), Context-messages and
Scaling, with AgentX for messages between frameworks. They contradict each other; this page lists the reading
that the project implements, one sentence a line, each proved by at least one test. `[ext]` marks ours,
because the documents leave a hole there. *Planned* marks what is not there yet.

This page is written by `scripts/generate_protocol_docs.py` from `tests/requirements.py`.
"""

# What no source document describes. An endpoint that names no document is ours too.
EXT_SECTIONS = ("protocol §6", "protocol §8")
EXT_AREAS = ("LIST-",)
EXT_ENTRIES = {
    "HTTP-ETAG",
    "HTTP-HEADERS-IDEMPOTENCY-KEY",
    "HTTP-REPEAT-BY-ID",
    "HTTP-REPEAT-BY-KEY",
    "HTTP-REPEAT-CONFLICT",
    "LIMIT-HOST",
    "LIMIT-STRICT-JSON",
    "OBJ-PARTICIPANT",
}


def main() -> int:
    """Exit code: 0, or 1 when the page is not what it should be."""
    manifest = runpy.run_path(str(ROOT / "tests" / "requirements.py"))
    page = "\n".join(lines(manifest["SECTIONS"], manifest["REQUIREMENTS"]))
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/protocol.md is not up to date: run make generate", file=sys.stderr)
    return 1


def lines(sections: Mapping[str, str], requirements: Sequence[Any]) -> Iterator[str]:
    """The page, line by line."""
    yield HEAD
    for section, title in sections.items():
        entries = [entry for entry in requirements if section_of(entry) == section]
        if entries and section.startswith("protocol"):
            yield from part(f"{section.removeprefix('protocol ')} {title}", entries)


def section_of(entry: Any) -> str:
    """Key of the section that an entry comes from, without the source document."""
    source: str = entry.source
    return source.split(" (")[0]


def part(title: str, entries: Sequence[Any]) -> Iterator[str]:
    """One section as a list."""
    yield f"## {title}\n"
    for entry in entries:
        document = entry.source.partition(" (")[2].rstrip(")")
        marks = [f"*Planned: {entry.planned}.*"] if entry.planned else []
        marks += ["[ext]"] if is_ext(entry) else [f"({document})"] if document else []
        yield f"- {' '.join([entry.text, *marks])}"
    yield ""


def is_ext(entry: Any) -> bool:
    """Whether no source document describes this."""
    return (
        section_of(entry) in EXT_SECTIONS
        or entry.id in EXT_ENTRIES
        or entry.id.startswith(EXT_AREAS)
        or (entry.id.startswith("EP-") and "(" not in entry.source)
    )


if __name__ == "__main__":
    sys.exit(main())
