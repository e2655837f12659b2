"""The kit for testing providers, ours and yours: real processes and real sockets, no mocks."""
