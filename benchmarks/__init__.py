"""What Reprise costs beside the bare parts that it is made of: `make bench`."""
