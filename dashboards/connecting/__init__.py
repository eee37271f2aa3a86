"""Helpers of `dashboards.connect`: what is remembered on the way, what is stored, what owners read."""
