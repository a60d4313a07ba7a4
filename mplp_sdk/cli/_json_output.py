"""A JSON document to standard output or to a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["write_json"]


def write_json(document: Any, output: Path | None) -> None:
    """Print `document`, or write it to `output`; a file that cannot be written is an error of usage."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from None
