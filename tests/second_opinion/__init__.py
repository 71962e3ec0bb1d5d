"""tshark's opinion about the same captures, message by message.

A protocol is one file (which fields to ask tshark, what of a row is a message, what of our event is the same message)
and one line in `protocols.py`. tshark is asked about all protocols at once, so a new one empties the cache
(`build/second_opinion`, some 50 MB; then the test takes six minutes instead of one). What differs has a reason in
`tests/tshark_differences.yml`, and `reasons.py` checks it on each difference; `python -m tests.second_opinion` writes
into the list where its reasons hold, and names what has none.
"""
