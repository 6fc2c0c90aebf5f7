"""Where counts of followers come from: services asked with a key, web archives and files given by the
user.
"""
