"""Does the connection pool hold: its level, its growth, and whether its gauge can be believed?"""
