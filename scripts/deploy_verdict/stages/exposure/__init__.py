"""Was each operation run often enough to trust that it works?"""
