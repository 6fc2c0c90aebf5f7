"""Charts as SVG text, each with the rows of the table that stands beside it."""
