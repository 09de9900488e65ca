"""The studio's pages, one file each; `apps/studio/main.py` lists them.

The folder is not called `pages`: Streamlit would serve such files itself, past the shared sidebar.
"""
