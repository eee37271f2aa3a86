"""What can be done: Prefect tasks, a batch of one outside effect each."""
