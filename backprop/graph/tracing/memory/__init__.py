"""Whose memory a Var stands for: handles, views, what is written to them, and functions that write into arguments."""
