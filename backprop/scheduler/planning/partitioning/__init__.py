"""The steps of the partition, a file each, as pure functions over items numbered 0 .. n-1.

In comes a graph with its prices (work.py is the only file that knows graphs); out go groups of items in topological
order. Nothing here runs a task, and no step calls another one, but for the makespan: partition.py tells the story.
"""
