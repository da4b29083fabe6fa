"""The chain rule: from a graph to its joint graph, and the ops that hold graphs of their own."""
