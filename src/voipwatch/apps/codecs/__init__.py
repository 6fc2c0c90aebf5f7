"""One file a codec: how a profile's table becomes a message, and how that message is built and read."""
