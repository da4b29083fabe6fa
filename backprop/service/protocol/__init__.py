"""What clients and service tell each other: programs, runs, calls of models, batches of them, and problems."""
