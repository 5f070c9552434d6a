"""What notebooks show of readings, records, runs and verdicts, and what `.plot(ax)` draws."""

import dataclasses
import math
import subprocess
import sys
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from report_samples import NASTY, SCATTER, SUPPORTED, UNDECIDED, VERDICTS, experiment, oscillation, verdict
from sites import write_watched

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Alternation, GradientNorm, RelativeProgress
from phenoscope.objective import Matrix
from phenoscope.record import Record, Series

MATRIX = Matrix(torch.diag(torch.tensor([1.0, 3.0, -5.0, 2.0], dtype=torch.float64)))
RECORD = Record(
    "a<b>c",
    {"seed": 0, "steps": 3, "lr": 0.1},
    {"loss": Series(np.arange(3), np.array([4.0, 2.0, 1.0])), "once": Series(np.array([0]), np.array([7.0]))},
    "diverged",
    3,
)
NETWORK = ps.Objective(torch.nn.Linear(3, 2), torch.nn.MSELoss(), (torch.randn(8, 3), torch.randn(8, 2)))

SHOWN = {
    "eigenpair": ps.sharpness(MATRIX),
    "eigenpairs": ps.eigenvalues(MATRIX, k=2, which="both"),
    "trace": ps.trace(MATRIX),
    "sampled": ps.sampling_error(NETWORK, "gradient_norm", groups=2),
    "density": ps.density(MATRIX, steps=4),
    "gradient norm": GradientNorm(2.0, 1e-7),
    "relative progress": RelativeProgress(-0.5, 0.25),
    "alternation": Alternation(0.75, 8),
    "loss line": ps.loss_line(NETWORK, points=5),
    "loss plane": ps.loss_plane(NETWORK, "hessian", points=5),
    "invariance audit": ps.invariance_audit(NETWORK, ("loss", "gradient_norm")),
    "record": RECORD,
    "verdict": SUPPORTED,
    "experiment": experiment(),
    "panel data": oscillation(2, 30),
}


@pytest.fixture
def axes():
    return Figure().subplots()


class Closed(HTMLParser):
    """Whether all that is opened is closed, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("value", SHOWN.values(), ids=SHOWN)
def test_a_card_is_well_formed_and_leaves_colours_to_the_notebook(value):
    html = value._repr_html_()
    card = Closed(html)
    assert card.open == []
    assert not card.tags & {"script", "style", "link", "b"}
    assert "color:#" not in html


@pytest.mark.parametrize("value", SHOWN.values(), ids=SHOWN)
def test_plot_draws_on_the_axes_given_and_gives_them_back(value, axes):
    assert value.plot(axes) is axes
    assert axes.has_data()


def test_without_axes_new_ones_are_made():
    from matplotlib import pyplot

    with mpl.rc_context({"backend": "agg"}):
        axes = SHOWN["eigenpairs"].plot()
        assert axes.figure.number in pyplot.get_fignums()
        pyplot.close(axes.figure)


def test_a_card_of_a_reading_has_the_value_and_its_evidence():
    text = Closed(SHOWN["eigenpairs"]._repr_html_()).text
    assert all(number in text for number in ("3", "2", "−5", "1"))
    assert "converged" in text
    assert "chance of a missed larger one" in text
    lost = dataclasses.replace(SHOWN["trace"], outcome=ps.Outcome.NOT_CONVERGED)
    assert "not converged" in Closed(lost._repr_html_()).text


def test_a_panel_of_measurements_has_a_row_a_line():
    found = ps.measure(NETWORK, ("loss", "gradient_norm", "examples"))
    text = Closed(found._repr_html_()).text
    assert all(line.evidence in text for line in found.lines)
    assert "gradient norm" in text


def test_a_verdict_s_card_says_everything_and_escapes_it():
    for each in VERDICTS:
        html = each._repr_html_()
        text = Closed(html).text
        assert "<b>bold" not in html
        assert each.outcome in text
        assert each.claim in text
        assert str(each.region) in text
        assert each.reason in text
    assert "1.023 [0.987, 1.061]" in Closed(SUPPORTED._repr_html_()).text
    assert NASTY in Closed(VERDICTS[4]._repr_html_()).text


def test_an_experiment_s_card_has_all_verdicts():
    text = Closed(experiment()._repr_html_()).text
    assert all(each.claim in text for each in VERDICTS)
    assert "Of 7 verdicts on 5 claims" in text


def test_a_record_s_card_has_its_settings_end_and_series():
    html = RECORD._repr_html_()
    text = Closed(html).text
    assert "a&lt;b&gt;c" in html
    for part in ("diverged at step 3", "lr 0.1", "loss", "once", "0 to 2"):
        assert part in text


def test_a_diagnosis_s_card_has_its_verdicts_and_what_more_could_be_judged(tmp_path):
    found = ps.diagnose(write_watched(tmp_path / "run", diagnosed=False))
    text = Closed(found._repr_html_()).text
    assert "Net <1>, 1,234 parameters" in text
    assert "about this run only" in text
    needing = [each for each in found.rest if each.needs]
    assert needing
    assert all(each.claim in text and each.needs[0] in text for each in needing)


def test_a_spectrum_is_drawn_with_its_residuals(axes):
    found = dataclasses.replace(SHOWN["eigenpairs"], residuals=torch.tensor([0.5, 0.25, 0.125, 0.0625]))
    found.plot(axes)
    points, _, (bars,) = axes.containers[0]
    assert points.get_ydata().tolist() == pytest.approx(found.values.tolist())
    lengths = [float(end[1] - start[1]) for start, end in bars.get_segments()]
    assert lengths == pytest.approx([1.0, 0.5, 0.25, 0.125])


def test_a_trace_is_drawn_with_two_standard_errors(axes):
    dataclasses.replace(SHOWN["trace"], value=3.0, standard_error=0.5).plot(axes)
    ((start, end),) = axes.containers[0][2][0].get_segments()
    assert (start[1], end[1]) == pytest.approx((3 - 0.98, 3 + 0.98))


def test_a_verdict_is_drawn_against_its_region(axes):
    SUPPORTED.plot(axes)
    spans = [line.get_xdata() for line in axes.lines]
    assert any(list(x) == pytest.approx([SUPPORTED.low, SUPPORTED.high]) for x in spans)
    assert any(list(x) == pytest.approx([SUPPORTED.raw_low, SUPPORTED.raw_high]) for x in spans)
    (shade,) = axes.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == pytest.approx((0.9, 1.15))
    assert "supported" in axes.get_title(loc="left")


@pytest.mark.parametrize("each", VERDICTS, ids=lambda each: each.outcome)
def test_every_kind_of_verdict_can_be_drawn(each, axes):
    each.plot(axes)
    axes.figure.draw_without_rendering()


def test_a_verdict_on_a_log_scale_has_a_log_axis(axes):
    UNDECIDED.plot(axes)
    assert axes.get_xscale() == "log"
    assert math.isclose(axes.lines[0].get_xdata()[0], 4.0)


def test_series_are_drawn_by_name_and_on_a_log_axis(axes):
    RECORD.plot(axes, "loss", "once", log=True)
    assert [list(line.get_ydata()) for line in axes.lines] == [[4.0, 2.0, 1.0], [7.0]]
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["loss", "once"]
    with pytest.raises(BadInput, match=r"no series 'lost'\. It has 'loss', 'once'"):
        RECORD.plot(axes, "lost")


def test_a_member_shows_and_draws_its_record(tmp_path, axes):
    member = ps.load(write_watched(tmp_path / "run"))
    assert "sharpness.residual" in member._repr_html_()
    member.plot(axes, "sharpness")
    assert axes.get_ylabel() == "sharpness"


def test_an_experiment_draws_its_panels_by_place_or_title(axes):
    made = experiment()
    made.plot(axes, panel=NASTY)
    assert axes.get_xlabel() == SCATTER.x_label
    with pytest.raises(BadInput, match="no panel 'nothing'"):
        made.plot(axes, panel="nothing")


def test_matplotlib_is_imported_only_when_something_is_drawn():
    code = "import sys, phenoscope; assert 'matplotlib' not in sys.modules, 'imported'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_dollar_signs_are_no_formulas(axes):
    verdict(arm=NASTY, statistic=NASTY).plot(axes)
    axes.figure.draw_without_rendering()
