"""Find images whose label a run's networks doubt: `ferkit audit --run RUN`."""
