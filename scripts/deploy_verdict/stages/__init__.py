"""One folder for each stage: collect, judge and report, and what they need. `registry` lists them."""
