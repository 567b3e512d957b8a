"""What managers read and buyers act on: Streamlit pages over the published snapshot and the API."""
