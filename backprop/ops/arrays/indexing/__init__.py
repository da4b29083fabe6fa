"""Indexing: keys as static data, the ops that read and write items, and the functions that gather."""
