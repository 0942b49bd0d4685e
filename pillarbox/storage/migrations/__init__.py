"""The history of the schema, one numbered file a step, the same for both databases."""
