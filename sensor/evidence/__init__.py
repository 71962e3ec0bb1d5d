"""Evidence on disk: for each alert the packets around it, as a file that Wireshark opens, hashed and bounded."""

from sensor.evidence.keeper import Keeper
from sensor.evidence.shelf import EvidenceShelf, Kept

__all__ = ["EvidenceShelf", "Keeper", "Kept"]
