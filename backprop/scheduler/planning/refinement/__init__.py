"""Plans whose tasks are cut further, by where the values that they are to read lie, and how large these are."""
