"""Where every table of the registry is declared: rooms add theirs to this one `metadata`."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
