"""How did other people's requests fare, by the platform's HTTP log?"""
