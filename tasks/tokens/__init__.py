"""Accounts as platform calls need them: the token opened, and renewed just in time where it is about to end.

    await account_for_call(account_row_id) -> platforms.base.Account   reads the row, renews just in time
    await fresh_account(stored) -> Account                             the same, without a query in the usual case
    account_from_row(row) -> Account                                   opens only; no query, no renewing
    await replace_rejected(account_row_id, rejected) -> Account        after a TokenExpired: another token to call with
    await calling(stored, call) -> whatever `call` returns             does all of that around one repeatable call
    await hold_account(stored, error) -> bool                          the owner has to connect again

All raise PlatformError: ReconnectNeeded (held already, or found out now), TryLater (cannot be renewed for the moment
and the old token is over), OperatorNeeded (our credentials or encryption keys). `platforms=` may be left out: then
clients are opened only if there is something to renew. `now=` is UTC and defaults to the clock.
"""

from tasks.tokens.access import account_for_call, calling, fresh_account, is_token_rejected, replace_rejected
from tasks.tokens.stored import StoredAccount, TokenRow, account_from_row, hold_account, stored_account

__all__ = [
    "StoredAccount",
    "TokenRow",
    "account_for_call",
    "account_from_row",
    "calling",
    "fresh_account",
    "hold_account",
    "is_token_rejected",
    "replace_rejected",
    "stored_account",
]
