"""The lowest versions that `pyproject.toml` allows, as requirements for pip: `just test-lowest` uses them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def lowest_versions() -> list[str]:
    """Return `name==version` for each requirement of the package and of its extras for users."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"]]
    requirements += [line for name in extras if name not in ("dev", "docs") for line in extras[name]]
    return [re.sub(r"^([\w-]+)>=([\w.]+).*", r"\1==\2", line) for line in requirements]


if __name__ == "__main__":
    print("\n".join(lowest_versions()))  # noqa: T201 - for a file
