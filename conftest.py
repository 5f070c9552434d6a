"""Options of the test suite; they must stand where pytest looks before it collects."""


def pytest_addoption(parser):
    parser.addoption(
        "--all-smoke",
        action="store_true",
        help="run every phenomenon of the atlas at the smoke scale, not only a part chosen by the commit",
    )
