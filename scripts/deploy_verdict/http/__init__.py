"""One bounded HTTP request, and the typed faults in which it can end."""
