"""What does the log say, and could every line be read?"""
