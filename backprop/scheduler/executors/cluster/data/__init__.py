"""What lies on a cluster, what is sent there, and what is made there: no decision about when a plan runs."""
