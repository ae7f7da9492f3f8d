"""What only a run on GitHub needs: the event, the gate, the job matrix, the watchdog and the setup."""
