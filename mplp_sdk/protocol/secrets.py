"""How secrets look that their makers mark: one table for those who hide them and those who warn.

The patterns use no look-around, so that engines without it can read them too. A reader puts a boundary of its
own before them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLOUD_KEYS", "MARKED_KEYS"]

CLOUD_KEYS: Final = ("A[KS]IA[0-9A-Z]{16}", "AIza[A-Za-z0-9_-]{30,}")
"""Keys of Amazon and Google, which hold no dash or underscore to tell them by."""

MARKED_KEYS: Final = (
    "AGE-SECRET-KEY-[A-Z0-9]{20,}",
    "GOCSPX-[A-Za-z0-9_-]{16,}",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "dop_v1_[a-f0-9]{32,}",
    "gh[opsur]_[A-Za-z0-9]{20,}",
    "github_pat_[A-Za-z0-9_]{20,}",
    "glpat-[A-Za-z0-9_-]{16,}",
    "gsk_[A-Za-z0-9]{20,}",
    "hf_[A-Za-z0-9]{20,}",
    "lsv2_[A-Za-z0-9_]{20,}",
    "npm_[A-Za-z0-9]{30,}",
    "pk-lf-[A-Za-z0-9-]{16,}",
    "pplx-[A-Za-z0-9]{20,}",
    "pypi-[A-Za-z0-9_-]{30,}",
    "r8_[A-Za-z0-9]{20,}",
    "(?:[rsp]k|whsec)_(?:live|test)_[A-Za-z0-9]{10,}",
    "shpat_[a-fA-F0-9]{20,}",
    "sq0csp-[A-Za-z0-9_-]{20,}",
    "tvly-[A-Za-z0-9-]{16,}",
    "xai-[A-Za-z0-9]{20,}",
    "xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"ya29\.[A-Za-z0-9_-]{16,}",
)
"""Keys and tokens with a mark that ends in a dash, an underscore or a dot; behind it a long run."""
