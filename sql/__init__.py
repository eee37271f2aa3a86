"""The SQL that matters, as files: migrations applied in order, and named queries."""
