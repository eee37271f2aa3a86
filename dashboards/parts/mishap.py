"""What an owner sees when a page breaks: that it is not their fault, and nothing of its inside."""

from __future__ import annotations

import logging

import streamlit as st
from sqlalchemy.exc import OperationalError

log = logging.getLogger(__name__)


def report_mishap(error: Exception) -> bool:
    """Log the error and tell the owner in one sentence. True: Streamlit adds nothing of its own."""
    log.error("a page broke", exc_info=error)
    if isinstance(error, OperationalError):
        st.error(
            "We cannot reach our database. Your posts are safe; please try again in a minute.",
            icon=":material/cloud_off:",
        )
    else:
        st.error(
            "Something went wrong on our side. We have written it down; please try again.", icon=":material/report:"
        )
    return True
