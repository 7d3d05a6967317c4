"""`python -m lakedocs`, the same as `lakedocs`."""

from lakedocs.cli import main

if __name__ == "__main__":
    main()
