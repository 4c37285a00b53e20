"""What the dealership does. Knows no framework but Piccolo; never web, never workers."""
