"""The line test in the browser: its far end, its TURN server, its page (docs/design/0024-line-test.md)."""
