"""Statistics: daily counters, kept as things happen and for ever, whatever becomes of the messages themselves."""
