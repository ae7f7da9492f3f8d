"""The ledger of what this tool wrote to the service and must restore."""
