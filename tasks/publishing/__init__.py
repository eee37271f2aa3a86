"""Publishing: claim, intent, call, record; look before anything is repeated."""
