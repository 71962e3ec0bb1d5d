"""Windows of conversations that are unlike the learned ones: a test of each feature alone, forest and density beside.

Importing this package is cheap; scikit-learn is imported only where a model is learned.
"""

from detectors.anomaly.detect import Anomaly
from detectors.anomaly.finding import WindowFinding
from detectors.anomaly.judge import Judge, load_judge
from detectors.anomaly.learn import Settings
from detectors.anomaly.train import train, train_matrix

__all__ = ["Anomaly", "Judge", "Settings", "WindowFinding", "load_judge", "train", "train_matrix"]
