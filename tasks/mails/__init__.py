"""Mails to owners: their texts, and getting them to the mail server."""
