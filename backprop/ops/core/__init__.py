"""What an op is, the types of values, and the classes of costs. No op lives here."""
