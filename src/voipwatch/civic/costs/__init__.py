"""What a block costs: each published method with the inputs it needs, and always a range, never one number.

`inputs` has what is sourced, `spans` how long and how far a block went, `brookings` and `deloitte` a method
each, `revenue` what operators earned by voice, `published` a figure that was in the press and what other
dates make of it, `minutes` what one user pays, `answer` all of it for one question. Pure: no clock, no
network.
"""
