"""Invoices and credit notes as PDF, by the typst template beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

TEMPLATE_FILE = Path(__file__).with_name("invoice.typ")


def render(document: Mapping[str, Any]) -> bytes:
    """Print a document; the same document gives the same text."""
    pdf: bytes = typst.compile(
        TEMPLATE_FILE.read_bytes(), format="pdf", sys_inputs={"document": json.dumps(document)}
    )
    return pdf
