"""tshark's opinion about the same captures, message by message.

A protocol is one file (which fields to ask tshark, what of a row is a message, what of our event is the same message)
and one line in `protocols.py`. What differs has a reason in `tests/tshark_differences.yml`; `reasons.py` checks it.
"""
