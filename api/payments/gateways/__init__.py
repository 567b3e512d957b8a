"""The payment providers behind one small interface."""
