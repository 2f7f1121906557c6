"""`python -m reprise`: the same as `reprise`."""

from reprise.cli.main import main

if __name__ == "__main__":
    main()
