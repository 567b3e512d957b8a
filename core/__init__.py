"""What every other package stands on: settings, errors, logs, databases."""
