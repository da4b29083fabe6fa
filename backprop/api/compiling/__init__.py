"""compile: trace once, plan once, replay."""
