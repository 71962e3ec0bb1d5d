"""What lets the distribution for integration tests make API keys: a plugin of the tests' own, laid into a copy of it.

The index of API keys wants an analysis whose module, `analysis-common`, it lacks and Maven does not have.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from testbed.elasticsearch import VERSION

SOURCE = Path(__file__).with_name("MailAnalysis.java")
DESCRIPTOR = f"""\
description=analysis of mail addresses
version=1
name=mail-analysis
classname=otus.test.MailAnalysis
java.version=17
elasticsearch.version={VERSION}
"""


def with_mail_analysis(distribution: Path, home: Path) -> Path:
    """`home`, a copy of a distribution that has the plugin. What is on the same disk is not copied but linked."""
    if home != distribution:
        shutil.copytree(distribution, home, copy_function=_link)
    plugin = home / "plugins" / "mail-analysis"
    plugin.mkdir(parents=True)
    (plugin / "plugin-descriptor.properties").write_text(DESCRIPTOR, encoding="ascii")
    with tempfile.TemporaryDirectory() as classes:
        subprocess.run(["javac", "-cp", f"{home}/lib/*", "-d", classes, SOURCE], check=True)
        subprocess.run(["jar", "cf", plugin / "mail-analysis.jar", "-C", classes, "."], check=True)
    return home


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
