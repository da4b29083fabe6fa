"""The HTTP side of the service: who asks, what they may, and how it is said in HTTP."""
