"""The pure core: what an account is, and what happens to it.

No I/O, no clock, no Temporal. Time comes in as an argument; what is to be done in the world goes out as effects.
"""
