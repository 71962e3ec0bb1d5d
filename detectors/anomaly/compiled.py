"""The forest as the core walks it: the trees' arrays side by side, in bytes (`sensor/core/wire/src/forest/read.rs`);
and the forests of several groups in one file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.anomaly.tail import Scores

MAGIC, VERSION = b"OTUSTREE", 1
_HEAD = struct.Struct("<8sHHdI")
"""magic, version, features, c(n) of the rows of a tree, trees"""
_NODE = np.dtype([("left", "<u4"), ("right", "<u4"), ("feature", "<u2"), ("unknown", "u1"), ("number", "<f8")])


_COUNT = struct.Struct("<8sI")
_LENGTH = struct.Struct("<Q")
MAGIC_GROUPS = b"OTUSWOOD"


def joined(forests: Sequence[bytes]) -> bytes:
    """Compiled forests one after the other, each with its length before it."""
    parts = [_COUNT.pack(MAGIC_GROUPS, len(forests))]
    for forest in forests:
        parts += [_LENGTH.pack(len(forest)), forest]
    return b"".join(parts)


def parted(data: bytes) -> list[bytes]:
    """What `joined` put together.

    Raises:
        ValueError: it is something else, or cut off.
    """
    if len(data) < _COUNT.size or data[:8] != MAGIC_GROUPS:
        raise ValueError("is not a file of compiled forests")
    (_, count), at, found = _COUNT.unpack_from(data), _COUNT.size, []
    for _ in range(count):
        if at + _LENGTH.size > len(data):
            raise ValueError("is cut off or damaged")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise ValueError("is cut off or damaged")
        found.append(data[at : at + length])
        at += length
    if at != len(data):
        raise ValueError(f"is damaged: {len(data) - at} bytes follow its end")
    return found


class Forest(Protocol):
    """A compiled forest, ready to score (`sensor._core.Forest`)."""

    @property
    def width(self) -> int:
        """Features of a row."""

    def score(self, matrix: bytes, /) -> bytes:
        """Rows of float64 in, a float64 for each out."""


MakeForest = Callable[[bytes], Forest]
"""The class `sensor._core.Forest`, which callers hand in; ValueError where the bytes are no forest it reads."""


def compiled(forest: Any) -> bytes:
    """The bytes of a fitted `sklearn.ensemble.IsolationForest`: the same forest gives the same bytes."""
    rows = float(_path_length(np.array([forest.max_samples_]))[0])
    trees = list(zip(forest.estimators_, forest.estimators_features_, strict=True))
    parts = [_HEAD.pack(MAGIC, VERSION, forest.n_features_in_, rows, len(trees))]
    for estimator, features in trees:
        nodes = _nodes(estimator.tree_, np.asarray(features))
        parts += [struct.pack("<I", len(nodes)), nodes.tobytes()]
    return b"".join(parts)


def _nodes(tree: Any, features: NDArray[np.intp]) -> NDArray[np.void]:
    """`features`: the columns of the matrix that the tree's own are."""
    leaf = tree.children_left < 0
    nodes = np.zeros(tree.node_count, dtype=_NODE)
    nodes["left"] = np.where(leaf, 0, tree.children_left)
    nodes["right"] = np.where(leaf, 0, tree.children_right)
    nodes["feature"] = np.where(leaf, 0, features[np.where(leaf, 0, tree.feature)])
    nodes["unknown"] = np.where(leaf, 0, tree.missing_go_to_left)
    # A path's length as the paper has it: the splits on the way, and those that the rows of the leaf would still need.
    lengths = tree.compute_node_depths() + _path_length(tree.n_node_samples) - 1.0
    nodes["number"] = np.where(leaf, lengths, tree.threshold)
    return nodes


def _path_length(rows: NDArray[Any]) -> Scores:
    """c(n) of Liu, Ting, Zhou 2008, equation 1: splits on average until one of n rows is alone."""
    count = np.maximum(rows.astype(np.float64), 2.0)
    many: Scores = 2.0 * (np.log(count - 1.0) + np.euler_gamma) - 2.0 * (count - 1.0) / count
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, many))
