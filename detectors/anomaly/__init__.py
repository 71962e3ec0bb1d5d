"""Windows of conversations that are unlike the learned ones: a test of each feature alone, and a forest beside it.

Importing this package is cheap; scikit-learn is imported only where a forest is learned.
"""

from detectors.anomaly.detect import Anomaly, Judge, load_judge
from detectors.anomaly.finding import WindowFinding
from detectors.anomaly.train import Settings, train, train_matrix

__all__ = ["Anomaly", "Judge", "Settings", "WindowFinding", "load_judge", "train", "train_matrix"]
