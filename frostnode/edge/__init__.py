"""How the world answers: the adapters behind the ports, and the only code that does I/O.

Rules: an adapter implements a port of `frostnode.ports` and decides no question of the protocol; it
raises nothing outside the FrostError tree; errors become statuses and exit codes in `outcomes` alone.
"""
