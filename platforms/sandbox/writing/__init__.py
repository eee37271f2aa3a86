"""The sandbox's writer: posts put together from banks of sentences, so that a demo reads like a person's work."""
