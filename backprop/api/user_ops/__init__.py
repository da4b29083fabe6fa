"""Ops and value classes of the user's own."""
