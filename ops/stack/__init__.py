"""`postagent up`: everything on this machine, started in parallel, watched, and stopped without losing work."""
