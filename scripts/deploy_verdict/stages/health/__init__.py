"""Do the health checks answer as the plan expects?"""
