"""From a plan to an answer: try a target, look at what came of it, try the next.

`policy` decides (pure, a table), `run` is the loop, `exchange` one attempt, `lanes` what becomes
of an answer's bytes, `health` and `keyring` remember across calls.
"""
