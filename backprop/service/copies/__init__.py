"""More than one copy of a run: beside a straggler, and to find workers that compute something else."""
