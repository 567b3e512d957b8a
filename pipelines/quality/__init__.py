"""Whether as much comes in as usual: a shop that stops feeding looks like a shop that stops selling."""
