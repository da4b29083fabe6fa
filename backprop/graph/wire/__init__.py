"""A graph and values as data: a versioned format without pickle, read from people who are not trusted."""
