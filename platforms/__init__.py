"""Whom we talk to: one module an outside service; knows neither tables nor Prefect."""
