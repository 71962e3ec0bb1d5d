"""Traffic for the benchmark: deterministic, made block-wise, with every checksum right."""

from __future__ import annotations

from tools.bench.traffic.capture import Plant, places, write
from tools.bench.traffic.modbus import Flood, Functions, Polling
from tools.bench.traffic.opcua import Subscribing
from tools.bench.traffic.s7comm import Reading

PLANTS = {
    "modbus": Plant((Polling(),)),
    "s7comm": Plant((Reading(),)),
    "opcua": Plant((Subscribing(),)),
    "mix": Plant((Polling(), Reading(), Subscribing()), 999),
    "functions": Plant((Functions(),)),
    "flood": Plant((Flood(),)),
    "day": Plant((Polling(),), 100, packets_per_s=24),
    "flows": Plant((Polling(),), 1_000_000, handshake=False),
}
"""Every kind of capture, by name."""

__all__ = ["PLANTS", "Plant", "places", "write"]
