"""The rules once more, in plain Python, to hold Reprise against: what it decides, and what it leaves in timelines.

Written from the rules and not from the code: nothing here imports Reprise, its statechart or its calendar. What the
rules leave open is settled as README.md says, and marked "settled".
"""
