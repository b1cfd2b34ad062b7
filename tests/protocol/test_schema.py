"""The generated schema is current, and says what the overlay relies on."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "protocol" / "schema.json").read_text(encoding="utf-8"))


SCRIPT = ROOT / "scripts" / "generate_protocol_types.py"


def test_the_schema_is_current():
    generator = runpy.run_path(str(SCRIPT))
    assert generator["build_schema"]() == SCHEMA


@pytest.mark.slow
def test_the_typescript_is_current():
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_message_requires_its_tag():
    for union in ("ClientMessage", "ServerMessage"):
        for name in SCHEMA["$defs"][union]["discriminator"]["mapping"].values():
            message = SCHEMA["$defs"][name.rpartition("/")[2]]
            assert message["required"][0] == "type"


def test_every_field_is_described():
    for name, definition in SCHEMA["$defs"].items():
        assert definition.get("description"), name
        for field, schema in definition.get("properties", {}).items():
            described = "description" in schema or field in {"type", "seq"} or "$ref" in schema
            assert described, f"{name}.{field}"
