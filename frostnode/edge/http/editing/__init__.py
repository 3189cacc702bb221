"""Editing in a browser: signing in, forms, drafts, and what they publish (README.md#editing-in-a-browser)."""
