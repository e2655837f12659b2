"""gateway.yaml: its schema, reading it strictly, and saying exactly what is wrong with it.

The file is read whole into a frozen `Config`; what depends on plugins (a provider's own options)
is checked by the registry, with the same line numbers.
"""
