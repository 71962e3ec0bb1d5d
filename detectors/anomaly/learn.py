"""From the windows of conversations to the model: what each is like, what its group's limits are, what was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from detectors.anomaly import drift, ensemble, limits
from detectors.anomaly.alike import chosen_examples
from detectors.anomaly.compiled import MakeForest
from detectors.anomaly.features import FEATURES
from detectors.anomaly.groups import grouped, kind
from detectors.anomaly.limits import Learned
from detectors.anomaly.rate import DAY_NS, Promise, folding
from detectors.anomaly.robust import Centre, Conversation, Robust, centre, judged_by_the_others
from detectors.anomaly.rows import Rows


@dataclass(frozen=True)
class Settings:
    incidents_per_1000_assets_day: float = 1.0
    """that may come of ordinary windows, all tests together"""
    minimum_windows: int = 60
    """learned windows below which the model abstains: a tail of a tenth would have fewer than six"""
    minimum_conversation: int = 10
    """windows below which a conversation is not judged: a spread of fewer means little"""
    minimum_group: int = 600
    """windows below which conversations have no group of their own: two thirds of them are what a tree asks for, and
    of the last third a tenth is a tail"""


def model_of(
    rows: Rows,
    chosen: Mapping[Conversation, Sequence[int]],
    window_ns: int,
    make_forest: MakeForest,
    settings: Settings,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[bytes], dict[str, Any]]:
    """`chosen`: the windows of each conversation that is learned from.

    Returns what is kept as JSON, scikit-learn's objects and compiled forests (one each a group), and facts for people.
    """
    ordered = {name: np.array(sorted(own, key=lambda place: int(rows.starts[place]))) for name, own in chosen.items()}
    windows = {name: rows.values[own] for name, own in ordered.items()}
    centres = [centre(own, FEATURES) for own in windows.values()]
    counts = [len(own) for own in windows.values()]
    whole = Centre(
        *(np.array([getattr(one, part) for one in centres]) for part in ("median", "edge", "spread", "steady"))
    )
    scores = np.concatenate(
        [judged_by_the_others(own, one, FEATURES) for own, one in zip(windows.values(), centres, strict=True)]
    )
    starts = np.concatenate([rows.starts[own] for own in ordered.values()])
    row = np.repeat(np.arange(len(counts)), counts)
    names, members = grouped(
        [kind(name[3], float(np.median(own[:, 0])), bool(own[:, _WRITES].any())) for name, own in windows.items()],
        counts,
        settings.minimum_group,
    )
    group = np.array(members, dtype=np.intp)
    promise = _promise(windows, scores, starts, row, window_ns, settings)
    robust = Robust(
        {name: place for place, name in enumerate(windows)}, counts, whole, group, np.zeros(0), np.zeros(0), FEATURES
    )
    aside = robust.aside(scores, row)
    judged = robust.judged(scores, aside)
    robust = replace(
        robust,
        once=np.array(
            [[limits.once(column) for column in np.abs(judged[row == number]).T] for number in range(len(counts))]
        ),
    )
    tables, records, forests, said = [], [], [], []
    for number, name in enumerate(names):
        mine = group[row] == number
        learned = Learned(judged[mine], whole.steady[row[mine]], row[mine], starts[mine], window_ns)
        allowed, lines = limits.of_group(learned, promise.test, FEATURES)
        usual = mine & ~aside if np.count_nonzero(mine & ~aside) >= settings.minimum_conversation else mine
        seen = Learned(scores[usual], whole.steady[row[usual]], row[usual], starts[usual], window_ns)
        fitted = ensemble.fit(seen, promise.test, make_forest)
        tables.append({"name": name, "ensemble": fitted.ensemble.to_json(), "limits": allowed.tolist()})
        records.append({"group": name, **fitted.record})
        forests.append(fitted.compiled)
        said.append({"name": name, "conversations": members.count(number), **fitted.facts, "features": lines})
    examples = [
        chosen_examples(own, one, rows.starts[ordered[name]])
        for (name, own), one in zip(windows.items(), centres, strict=True)
    ]
    content = {
        "groups": [{part: table[part] for part in ("name", "ensemble")} for table in tables],
        "limits": [table["limits"] for table in tables],
        "conversations": [
            {**about, "examples": shown} for about, shown in zip(robust.to_json(), examples, strict=True)
        ],
        "drift": drift.expected(scores, group[row], len(names)),
    }
    return content, records, forests, {"promise": promise.to_json(), "groups": said}


_WRITES = [feature.name for feature in FEATURES].index("writes")


def _promise(
    windows: Mapping[Conversation, Any], scores: Any, starts: Any, row: Any, window_ns: int, settings: Settings
) -> Promise:
    assets = {side for _, client, server, _ in windows for side in (client, server)}
    span_ns = max(int(starts.max()) - int(starts.min()) + window_ns, window_ns)
    return Promise(
        settings.incidents_per_1000_assets_day,
        len(assets),
        len(starts) * DAY_NS / span_ns,
        folding(np.abs(scores).max(axis=1), starts, row, window_ns),
        2 * len(FEATURES) + 1,
    )
