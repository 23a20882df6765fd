"""What a run proved, for people and machines: the traceability matrix, the page, and the verdict with its exit code.

It reads Robot's results and the evidence beside them, never the migrator. `python libraries/report OUTPUT.XML`
writes everything anew from files alone.
"""
