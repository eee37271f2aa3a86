"""Navigation of the owner's dashboard. Each page checks for itself who is looking (`dashboards.parts.frame`)."""

from pathlib import Path

import streamlit as st

_ICON = str(Path(__file__).parent / "pages_html" / "icon.svg")

# Our own icon: else the tab would fetch the page's symbol from an outside font service.
st.set_page_config(page_title="PostAgentPro", page_icon=_ICON, layout="wide")
st.logo(_ICON, size="large")
page = st.navigation(
    [
        st.Page("views/overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page("views/queue.py", title="Queue", icon=":material/checklist:"),
        # Not media.py: a page lives at its file's name, and Streamlit keeps /media for itself.
        st.Page("views/pictures.py", title="Pictures", icon=":material/photo_library:"),
        st.Page("views/metrics.py", title="Metrics", icon=":material/insights:"),
        st.Page("views/accounts.py", title="Accounts", icon=":material/link:"),
        st.Page("views/business.py", title="Business", icon=":material/storefront:"),
        st.Page("views/plan.py", title="Plan", icon=":material/card_membership:"),
    ],
    position="top",
)
page.run()
