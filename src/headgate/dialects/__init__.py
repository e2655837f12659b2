"""The wire formats of clients: one file each, pure.

A dialect parses a client's JSON into a `Call`, watches a relayed answer go by (*tap*), writes
translated events in the client's words (*render*), and words a failure the way the client's SDK
expects it.
"""
