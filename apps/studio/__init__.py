"""The studio: one Streamlit page a question, the photo and the model kept as one moves between them."""
