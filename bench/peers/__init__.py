"""The peers: each a program that brings the files of a folder into a bucket as parquet, as its documentation has it.

`python -m bench.peers.NAME KIND FOLDER BUCKET`; endpoint and credentials come in the AWS variables. None of them keeps
a state, refuses what it would lose, or looks whether the bucket has what was sent.
"""
