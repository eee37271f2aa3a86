"""How the house runs: command line, start and stop, demo data."""
