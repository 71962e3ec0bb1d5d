"""What is normal here: the folder it is kept in, the YAML people edit it as, and the words for what leaves it.

The compiled table's codec is the core's (`sensor._core.baseline_to_json`, `baseline_from_json`); callers hand it in.
"""

from detectors.baseline.describe import describe
from detectors.baseline.folder import BaselineError, Folder, ModelFiles, read_folder, write_folder
from detectors.baseline.show import show_text
from detectors.baseline.yaml_form import export_yaml, import_yaml

__all__ = [
    "BaselineError",
    "Folder",
    "ModelFiles",
    "describe",
    "export_yaml",
    "import_yaml",
    "read_folder",
    "show_text",
    "write_folder",
]
