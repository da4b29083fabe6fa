"""switch, match, scan, checkpoint, minibatch: what users call inside of a function."""
