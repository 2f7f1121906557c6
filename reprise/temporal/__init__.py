"""What stands between Reprise and Temporal: the connection, how workflow code is run, what a namespace must know."""
