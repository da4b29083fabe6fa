"""grad and its kin, evaluate, explain, graphs built by hand: what users call on a function or a graph."""
