"""One run of Robot in several processes side by side, whose outcome reads as if it had been one.

`python libraries/shards ROBOT ARGUMENTS` takes Robot's arguments and ends with Robot's exit codes. The tests stand in
one queue; each process, a shard, takes the next as soon as it has ended one.
"""
