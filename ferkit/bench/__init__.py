"""Speed and memory measurements for `ferkit bench` and the scripts in benchmarks/.

`plan` has the options, `subject` builds the parts, and `stages` turns each stage into a call. `measuring`
times the calls in turns. `record` stores the result, and `comparison` compares two results.
"""
