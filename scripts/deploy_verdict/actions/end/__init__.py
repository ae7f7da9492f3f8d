"""The end of a run on GitHub: posts its verdict, starts what follows, and reports for a run that died."""
