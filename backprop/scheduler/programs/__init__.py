"""How a task runs: memory planned by liveness, generated code, and an interpreter for what runs once."""
