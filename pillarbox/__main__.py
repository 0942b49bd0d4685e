"""`python -m pillarbox` is the same as the `pillarbox` command."""

from pillarbox.cli.main import main

if __name__ == "__main__":
    main()
