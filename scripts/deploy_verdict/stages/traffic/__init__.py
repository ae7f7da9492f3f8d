"""What did other people's requests meet, by the platform's HTTP log?"""
