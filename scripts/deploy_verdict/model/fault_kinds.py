"""Kinds of faults that more than one place asks for, by what they say of the request. Pure."""

# There was no connection, so that nothing was sent.
NOT_CONNECTED = ("refused", "connect-timeout", "unreachable", "dns")
# The platform's edge answered in the service's place.
EDGE = "edge"
# On a connection that was used before: the other side closed it as the request went out.
GIVEN_UP = ("closed", "reset")
