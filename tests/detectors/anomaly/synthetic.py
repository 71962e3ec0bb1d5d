"""A plant's windows, made by chance: each conversation with its own habits, and every kind of feature a plant has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.train import Key

WINDOW_NS = 10_000_000_000
START_NS = 1_700_000_000_000_000_000
COLUMNS = [
    "requests", "responses", "unanswered", "failures", "bytes_mean", "operations", "objects", "writes",
    "latency_median_ms", "interval_mean_ms", "interval_std_ms", "operation_entropy", "sessions",
]  # fmt: skip
FEATURES = COLUMNS[:-1]

Matrix = NDArray[np.float64]


def windows(conversations: int, count: int, seed: int) -> tuple[Matrix, list[Key]]:
    """`count` ordinary windows of each conversation. The habits depend on the conversation, not on the seed."""
    random = np.random.default_rng(seed)
    rows: list[Matrix] = []
    keys: list[Key] = []
    for number in range(conversations):
        habit = np.random.default_rng(1000 + number)
        period_ms = float(habit.choice([100.0, 200.0, 500.0, 1000.0]))
        jitter_ms = period_ms * habit.uniform(0.005, 0.05)
        latency_ms = habit.uniform(2.0, 20.0)
        length = habit.uniform(12.0, 120.0)
        requests = np.round(10_000.0 / period_ms + random.choice([-1.0, 0.0, 0.0, 1.0], count))
        writes = random.poisson(habit.uniform(0.0, 3.0), count).astype(float)
        rows.append(
            np.column_stack(
                [
                    requests + writes,
                    requests + writes + random.choice([-1.0, 0.0, 0.0, 0.0, 0.0, 1.0], count),
                    np.zeros(count),
                    np.zeros(count),
                    length + random.normal(0.0, length * 0.01, count),
                    np.full(count, 2.0),
                    np.full(count, float(habit.integers(2, 30))),
                    writes,
                    latency_ms * np.exp(random.normal(0.0, 0.15, count)),  # a long tail, as latencies have
                    period_ms + random.normal(0.0, jitter_ms / 4.0, count),
                    jitter_ms * np.exp(random.normal(0.0, 0.2, count)),
                    0.3 + random.normal(0.0, 0.03, count),
                    np.zeros(count),
                ]
            )
        )
        for index in range(count):
            start_ns = START_NS + index * WINDOW_NS
            keys.append(("default", f"10.0.0.{number}", "10.0.1.1", "modbus", start_ns, start_ns + WINDOW_NS))
    return np.concatenate(rows), keys
