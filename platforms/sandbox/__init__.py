"""A local stand-in for the outside world: the same services, imitated beside their clients, sharing no code with them."""
