import streamlit as st
st.write(dict(st.user))
