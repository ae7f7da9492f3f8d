"""The judge calibrated: thousands of windows with known faults, and what the real judge makes of them.

`make calibrate` (python -m tests.calibration) writes docs/calibration.md; tests/calibration/test_*.py make a
small part of it again.
"""
