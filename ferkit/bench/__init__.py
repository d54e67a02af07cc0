"""What `ferkit bench` and the scripts in benchmarks/ measure, and how.

`plan` says what is measured, `subject` builds it, `stages` makes a call of each stage, `measuring` times the
calls in turns, `record` is what is kept, `comparison` holds it against an older record.
"""
