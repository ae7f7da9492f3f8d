"""What a log's lines say: time, level and message of each, whatever the format. Pure."""
