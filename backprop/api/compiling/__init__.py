"""compile: a function is traced once for each signature of its arguments, planned once, and replayed.

Here live compiled functions, the quick check of a call's signature, and the check for what was frozen by mistake. What
may not live here: passes and plans, which compiled functions only keep.
"""
