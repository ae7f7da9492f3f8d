"""The judge calibrated: thousands of windows with known faults, and what the real judge makes of them.

`make calibrate` (python -m tests.calibration) writes docs/explanation/calibration.md; the tests here make a
small part of it again.
"""
