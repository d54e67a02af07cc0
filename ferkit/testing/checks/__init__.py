"""The checks of the conformance suite, one module for each kind of component."""
