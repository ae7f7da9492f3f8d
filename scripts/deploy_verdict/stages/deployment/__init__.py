"""Is the deployment live, and did it stay live?"""
