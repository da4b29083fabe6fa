"""The verbs that users type: how a function becomes its gradient, and where it runs."""
