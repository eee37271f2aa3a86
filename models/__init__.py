"""What we know: tables, the pure rules that govern them, settings, encryption, the database session."""
