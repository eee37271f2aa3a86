"""Pieces that several pages share: who is looking, what they see of their data, how it is shown."""
