"""Rules in, a plan out: which targets may serve this call, in which order. Pure.

`rule` is a compiled route, `table` all of them, `order` one small function a strategy, `plan` the
decision, `explain` the same decision with its reasons.
"""
