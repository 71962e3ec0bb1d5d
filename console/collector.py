"""Python's garbage collector, as a console wants it: it took a tenth of what keeping a batch of records costs."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 100_000, 10, 10
"""A batch of 500 records is some 30,000 objects, all of which go with it; the usual 700 looks at them forty times. With
as many as three batches between two looks each object is looked at once in three."""


def settle() -> None:
    """Called once all that lasts is loaded: modules, catalogues, templates. It is not looked at any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
