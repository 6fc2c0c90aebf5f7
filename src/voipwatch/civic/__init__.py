"""What citizens count by: days of a counter, signatures of a petition. Pure: time comes in, nothing out."""
