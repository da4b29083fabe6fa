"""How a graph is cut into tasks, as pure functions over plain data: nothing runs here."""
