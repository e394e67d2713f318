"""Tables that others have published, each with the exact posterior under it: one file for each table."""
