"""Charts: pure functions, data in, Plotly or Altair figure out. No Streamlit here."""
