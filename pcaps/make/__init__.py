"""Captures of what no stack can be brought to say: broken messages, other traffic on a protocol's port, odd frames.

`python -m pcaps.make` writes them, the same bytes each time, and enters them in the manifest. The frames are put
together with scapy (GPL: here and in tests only).
"""
