"""`python -m phenoscope`: the command."""

from phenoscope.cli import main

if __name__ == "__main__":
    main()
