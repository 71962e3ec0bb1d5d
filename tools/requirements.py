"""Print what pyproject.toml requires, a line each: of an extra, or of `build` (what every other group stands on)."""

import sys
import tomllib
from pathlib import Path

content = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
project = content["project"]
extra = sys.argv[1]
lines = (
    [*content["build-system"]["requires"], *project["dependencies"]]
    if extra == "build"
    else project["optional-dependencies"][extra]
)
sys.stdout.write("\n".join(lines) + "\n")
