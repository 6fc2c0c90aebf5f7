"""What citizens count by: so far the day number of a counter. Pure: time comes in, nothing goes out."""
