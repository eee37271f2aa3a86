"""Pictures as files: where they are stored, how they are made ready for every platform, and what is cleared away."""
