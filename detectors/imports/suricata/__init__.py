"""Rules of Suricata and Snort, imported: `import_rules`. What it can and cannot say: `docs/rule-import.md`."""

from detectors.imports.suricata.importing import Outcome, import_rules
from detectors.imports.suricata.variables import Variables, from_options

__all__ = ["Outcome", "Variables", "from_options", "import_rules"]
