"""What every tier shares: the records that travel, their words, and the list of fields with their data levels.

`records` needs nothing but the standard library; `fields` reads `fields/*.yml`; `batch` (pydantic) stands at the edges.
"""

from sensor.schema.records import (
    KINDS,
    LEVELS,
    OUTCOMES,
    SCHEMA_MAJOR,
    SCHEMA_VERSION,
    STATES,
    Alert,
    Asset,
    Endpoint,
    Evidence,
    Heartbeat,
    Interface,
    Key,
    Kind,
    Ledger,
    Level,
    Outcome,
    Reason,
    Record,
    RecordError,
    State,
    Text,
)

__all__ = [
    "KINDS",
    "LEVELS",
    "OUTCOMES",
    "SCHEMA_MAJOR",
    "SCHEMA_VERSION",
    "STATES",
    "Alert",
    "Asset",
    "Endpoint",
    "Evidence",
    "Heartbeat",
    "Interface",
    "Key",
    "Kind",
    "Ledger",
    "Level",
    "Outcome",
    "Reason",
    "Record",
    "RecordError",
    "State",
    "Text",
]
