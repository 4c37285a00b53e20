"""What Lotwire promises, as claims that could be false. The directories mirror the house."""
