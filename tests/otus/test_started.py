"""What start-up loaded is left alone afterwards."""

from __future__ import annotations

import subprocess
import sys

from tests.captures import ROOT

PROGRAM = """
import gc, sys
from otus.cli import main
code = main()
print(gc.get_freeze_count(), file=sys.stderr)
sys.exit(code)
"""


def test_the_collector_leaves_alone_what_start_up_loaded() -> None:
    capture = ROOT / "pcaps" / "modbus" / "normal_polling.pcap"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "replay", str(capture)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stderr) > 10_000
