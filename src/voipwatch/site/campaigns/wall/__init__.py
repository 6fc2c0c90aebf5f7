"""The wall of supporters, as far as it asks, keeps and shows: rules are `voipwatch.civic.wall`'s.

`publicnets` says which addresses may be asked at all, `fetching` asks one page, `looking` makes a sight of
it, `keeping` is the wall's desk, `rounds` looks at whatever is due beside the mails, `section` and `pages`
answer people.
"""
