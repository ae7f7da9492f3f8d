"""Memory and CPU of the service, as the platform measures them."""
