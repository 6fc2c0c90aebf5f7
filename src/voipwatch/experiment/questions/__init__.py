"""One module a question; they do not import each other.

`warmup`: does anything get through, how fast is the line? `leg`: does one leg of an app get
through like its controls, from set-up to media? `trigger`: what in the set-up is it that dies?
`fallback`: which TCP and TLS ways are open?
"""
