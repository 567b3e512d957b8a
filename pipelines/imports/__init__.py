"""A shop's history from files, and the bulk loading that imports share with the demo."""
