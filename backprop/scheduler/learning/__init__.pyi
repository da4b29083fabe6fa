from .node_clock import run_timed as run_timed
