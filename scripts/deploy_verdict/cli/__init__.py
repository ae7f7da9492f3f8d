"""The command line: options, exit codes, and one file for each verb or group of verbs."""
