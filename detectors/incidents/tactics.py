"""ATT&CK for ICS: to which end a technique serves, in the order of a campaign (matrix v15).

A technique of several tactics stands here under the last of them: what the process feels, not how it was hidden.
"""

from __future__ import annotations

from collections.abc import Iterable

TACTICS = (
    "initial_access", "execution", "persistence", "privilege_escalation", "evasion", "discovery", "lateral_movement",
    "collection", "command_and_control", "inhibit_response", "impair_control", "impact",
)  # fmt: skip
"""In the matrix's order, from left to right."""

_NUMBERS = {
    "initial_access": (817, 819, 822, 847, 848, 860, 862, 864, 865, 883),
    "execution": (807, 821, 823, 834, 853, 858, 863, 871, 895),
    "persistence": (873, 889),
    "privilege_escalation": (874, 890),
    "evasion": (820, 849, 872, 894),
    "discovery": (840, 842, 846, 888),
    "lateral_movement": (812, 843, 859, 866, 867, 886, 891),
    "collection": (801, 802, 811, 830, 845, 852, 861, 868, 877, 887, 893),
    "command_and_control": (869, 884, 885),
    "inhibit_response": (800, 803, 804, 805, 809, 814, 816, 835, 838, 851, 857, 878, 881, 892),
    "impair_control": (806, 836, 839, 855, 856),
    "impact": (813, 815, 826, 827, 828, 829, 831, 832, 837, 879, 880, 882),
}
TACTIC_OF = {f"T{number:04}": tactic for tactic, numbers in _NUMBERS.items() for number in numbers}

FELT = ("inhibit_response", "impair_control", "impact")
"""What the process feels."""
LOOKED = ("discovery", "collection")
"""Somebody looked."""

FOOTHOLD = frozenset(
    f"T{number:04}" for number in (807, 812, 817, 819, 822, 839, 843, 853, 857, 859, 863, 865, 866, 867, 886, 891)
)
"""Whoever succeeds with one of these can act from the station it was done to: accounts, remote services, exploits,
scripts, tools and programs put there."""

_TWICE = {"T0858": "inhibit_response"}
"""Change Operating Mode stands under execution and evasion; a controller that leaves RUN answers to nothing."""


def tactic_of(techniques: Iterable[str]) -> str:
    """The one furthest to the right; empty where none is known."""
    known = [_TWICE.get(name) or TACTIC_OF[name] for name in techniques if name in TACTIC_OF]
    return max(known, key=TACTICS.index, default="")
