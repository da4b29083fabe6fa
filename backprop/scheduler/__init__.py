"""RUNNING a graph: what nodes cost, how a graph is cut into tasks, and the executors that run the tasks.

partition -> plan -> program, lower -> executors
"""
