"""What is done with all that is an owner's at once: given to them, ended at the platforms, deleted."""
