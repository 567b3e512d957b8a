"""Words, numbers and the parts that pages share."""
