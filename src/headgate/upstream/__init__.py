"""The only outgoing sockets: one client session, the clocks of an attempt, credentials, and the
one border where foreign exceptions become failures.
"""
