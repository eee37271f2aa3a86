"""A local stand-in for the outside world: the same services imitated, sharing no code with their clients."""
