"""The public interface of a provider plugin, and nothing else.

Everything here is a value or a pure function of values: no sockets, no clock, no chance, no logs.
Plugin authors import it as `import headgate as hg`.
"""
