"""Pure mathematics on frames and arrays: no clock, no environment, no database, seeds explicit."""
