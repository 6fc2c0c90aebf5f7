"""The public site: pages of a bundle, the counter, the line test in the browser."""
