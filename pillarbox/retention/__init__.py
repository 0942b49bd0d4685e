"""What is not kept any longer."""
