"""How the description is shown: as text, as a page, as JSON for other programs, and as a trace of events."""
