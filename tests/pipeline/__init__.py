"""The whole gateway from outside: a real process, real sockets, a vendor that misbehaves."""
