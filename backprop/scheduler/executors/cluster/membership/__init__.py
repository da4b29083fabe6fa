"""Who is in a cluster: workers, their threads, and the bits that they give. Nothing is submitted here."""
