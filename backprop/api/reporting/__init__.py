"""explain and profile: what a call would run, and what it took.

The verbs here watch what other verbs run; what a report is, and how it is shown, stands in the layer `reports`.
"""
