"""What the law of a country says of boycotts and petitions: sourced sentences, and what every page says
beside them. No legal advice; of a country that is not in the table nothing is known, and that is said.
"""
