"""When, and in what order: one file a deployment."""
