"""What this machine is and costs: the cost model, its measured profile, BLAS and its kernels."""
