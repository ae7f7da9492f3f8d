"""Kinds of faults that several modules test for, by what they say of the request. Pure."""

# There was no connection, so nothing was sent.
NOT_CONNECTED = ("refused", "connect-timeout", "unreachable", "dns")
# The platform's edge answered in place of the service.
EDGE = "edge"
# The other side closed a reused connection just as the request went out.
GIVEN_UP = ("closed", "reset")
