import pytest

from phenoscope.cli import main


@pytest.fixture
def command(capsys):
    """Run the command in this process: its exit code, standard output and standard error."""

    def run(*words):
        code = 0
        try:
            main(list(words))
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run
