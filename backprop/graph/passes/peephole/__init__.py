"""The pass that looks at one node at a time, and its rules, a file each."""
