"""How one tier reports to the next: the spool on disk, the upward cut, and the uplink to every parent."""
