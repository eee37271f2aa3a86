"""What stands behind the commands of `postagent`."""
