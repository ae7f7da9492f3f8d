"""Did the service answer between the samples, and was it restarted?"""
