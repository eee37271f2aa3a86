"""Limits that all workers share: budgets of calls, pauses that a platform asks for, and places for posts."""
