"""The pipelines for people in a terminal, and for scripts: `python -m flows --help`.

`commands` says what there is; nothing of Prefect is imported before a command is to be carried out.
"""
