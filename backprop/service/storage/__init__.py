"""What is kept on disk: the journal of runs, and its tables."""
