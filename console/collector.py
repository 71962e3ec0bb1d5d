"""Python's garbage collector and its lock, as a console wants them.

The collector took a tenth of what keeping a batch of records costs. The lock is lent out for each statement to a
database and got back when another thread has computed for `SWITCH_S`: with Python's 5 ms a batch that is written waits
for all that is prepared beside it.
"""

from __future__ import annotations

import gc
import sys

YOUNG, MIDDLE, OLD = 100_000, 10, 10
"""A batch of 500 records is some 30,000 objects, all of which go with it; the usual 700 looks at them forty times. With
as many as three batches between two looks each object is looked at once in three."""

SWITCH_S = 0.0002


def settle() -> None:
    """Called once all that lasts is loaded: modules, catalogues, templates. It is not looked at any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    sys.setswitchinterval(SWITCH_S)
