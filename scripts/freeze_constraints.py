"""Write ``constraints.txt``: the installed versions of everything the project needs.

Walks the requirements of ``pyproject.toml`` through the metadata of the environment it runs in, so
that tools somebody happened to install do not end up in the pins. Run it after the tests passed.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The versions that the tests passed with. Written by scripts/freeze_constraints.py.
# They only pin what gets installed; packages for other platforms are left out by pip.
"""


def installed_closure(requirements: list[str]) -> dict[str, str]:
    """Normalised names and versions of the requirements and all that they need, as installed."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(text) for text in requirements]
    while todo:
        requirement = todo.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        extras = frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform
        versions[name] = found.version
        for text in found.requires or []:
            needed = Requirement(text)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in {"", *extras}):
                todo.append(needed)
    return versions


def main() -> None:
    """Write the file and say how many pins it has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    # Extras that nobody installed here are left out like packages for other platforms.
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    versions = installed_closure(wanted)
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    (ROOT / "constraints.txt").write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} pins")


if __name__ == "__main__":
    main()
