"""The verbs that users type, in rooms: how a function becomes its gradient, and where it runs.

What comes in are functions and arguments as users write them, and what goes out are values that share memory with
nothing. What may not live here: rules of ops, passes over graphs, and anything that knows threads or sockets.
"""
