"""One bounded HTTP request and the typed faults that it can end in."""
