"""Writing: plan the slots, write a business's week in one call, pass the gates, find pictures, queue."""
