"""How the dashboard looks: one seeded house, every page found by itself, and what a page must keep."""
