"""The executors: where tasks run. One class each, one method each: run(plan, values)."""
