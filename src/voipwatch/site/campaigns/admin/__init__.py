"""The protected page of those who keep petitions: `/campaigns/LANG/admin/`, there only where an account is.

`section` decides who may do what is asked, `acts` does it through `office`, `pages` shows, `cookies` reads
and writes the one cookie of the whole site.
"""
