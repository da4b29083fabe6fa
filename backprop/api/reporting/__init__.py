"""explain, profile and debug: what a call would run, what it took, and where a NaN came from.

The verbs here watch what other verbs run; what a report is, and how it is shown, stands in the layer `reports`.
"""
