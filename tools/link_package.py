"""Put the working tree and the `otus` command into the virtual environment this runs in.

The same as an editable installation, without building a package: the tree is the package.
"""

import stat
import sys
import sysconfig
from pathlib import Path

root = Path(__file__).resolve().parent.parent
Path(sysconfig.get_path("purelib"), "otus-tree.pth").write_text(f"{root}\n", encoding="utf-8")
command = Path(sysconfig.get_path("scripts"), "otus")
lines = (f"#!{sys.executable}", "import sys", "", "from otus.cli import main", "", "sys.exit(main())", "")
command.write_text("\n".join(lines), encoding="utf-8")
command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
