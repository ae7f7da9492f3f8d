"""One folder for each stage, with its collect, judge and report modules. `registry` lists the stages."""
