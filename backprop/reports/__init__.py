"""REPORTS: what a plan is, what a run of it was, and what would make it quicker, to look at.

`description.py` holds the one description, plain data, from which all else is made: text, a page, traces, answers to
"what if". `describe.py` makes it of plans and recorded runs. Nothing here runs a graph.
"""
