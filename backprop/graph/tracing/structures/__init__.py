"""Nested values: taken apart into leaves and a structure, whose static parts are compared by content.

What comes in are a user's arguments; what goes out are leaves, their types, and how to put them together again.
"""
