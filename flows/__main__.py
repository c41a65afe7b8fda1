"""`python -m flows COMMAND`: plan, run, watch and rescue batches from a terminal."""

from flows.cli.commands import app

if __name__ == "__main__":
    app()
