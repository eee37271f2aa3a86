"""Numbers: snapshots per post, daily numbers per Google location, and the daily rollup that dashboards read."""
