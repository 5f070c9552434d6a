"""A phenomenon refuses, before anything is trained, what could not be judged afterwards."""

import pytest

from phenoscope.claims import Breaks, Measured, Setting, first_value, largest, last_value, log_log_slope
from phenoscope.comparisons import Comparison, departure
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.panels import Lines, Scatter
from phenoscope.phenomenon import Arm, Plan
from phenoscope.probes import GradientNorm, Loss, Mark, Sharpness
from phenoscope.training import Cosine, HeavyBall, Point
from small import LOSS, LR, arm, claim, phenomenon, recipe

APART = Comparison("apart", ("main", "other"), departure, ("relative distance", "cosine"))
MOMENTUM = Setting("momentum")


def lines(y=LOSS, arms=("main",), title="Loss", **options):
    return Lines(title, "A caption.", y, "loss", arms, **options)


REFUSED = {
    "no arms": (lambda: phenomenon(claims=(), arms=()), "needs arms and comparisons of different names"),
    "two arms of one name": (lambda: phenomenon(arm(), arm()), "different names, got .'main', 'main'"),
    "an arm and a comparison of one name": (
        lambda: phenomenon(arm(), arm("other"), arm("apart"), comparisons=(APART,)),
        "different names",
    ),
    "two claims of one name": (
        lambda: phenomenon(claims=(claim(name="a"), claim(name="a"))),
        r"the claims of a phenomenon need different names, got \['a', 'a'\]",
    ),
    "two panels of one title": (
        lambda: phenomenon(panels=(lines(), lines())),
        "the panels of a phenomenon need different names",
    ),
    "a claim on an unknown arm": (
        lambda: phenomenon(claims=(claim(on="elsewhere"),)),
        r"the claim 'the loss stays at least 0' is about the arm 'elsewhere', which is not there\. There are main",
    ),
    "an unknown control": (lambda: phenomenon(claims=(claim(control=Breaks("x")),)), "about the arm 'x', which is not"),
    "a series that no probe writes": (
        lambda: phenomenon(claims=(claim(statistic=last_value(Measured("sharpness"))),)),
        r"needs the series \['sharpness'\], which no probe of 'main' writes",
    ),
    "a series that the control lacks": (
        lambda: phenomenon(arm(), arm("c", probes=(GradientNorm(),)), claims=(claim(control=Breaks("c")),)),
        "which no probe of 'c' writes",
    ),
    "a series that the comparison does not promise": (
        lambda: phenomenon(arm(), arm("other"), comparisons=(APART,), claims=(claim(on="apart"),)),
        r"needs the series \['loss'\], which no probe of 'apart' writes",
    ),
    "an unknown setting": (
        lambda: phenomenon(claims=(claim(statistic=last_value(LOSS) * first_value(LOSS * MOMENTUM)),)),
        r"needs the settings \['momentum'\]; 'main' has .*lr",
    ),
    "a setting that the control lacks": (
        lambda: phenomenon(
            arm("hot", recipe(rule=HeavyBall(0.1))),
            arm("cold"),
            claims=(claim(on="hot", statistic=last_value(LOSS * MOMENTUM), control=Breaks("cold")),),
        ),
        r"needs the settings \['momentum'\]; 'cold' has",
    ),
    "a sweep that the claim does not use": (
        lambda: phenomenon(arm(sweep={"lr": (0.1, 0.2)})),
        r"is about 'main', which sweeps \['lr'\]\. Say `each='lr'`",
    ),
    "a slope over what is not swept": (
        lambda: phenomenon(claims=(claim(statistic=log_log_slope(last_value(LOSS), LR), over="lr"),)),
        "takes a sweep over 'lr', but 'main' sweeps nothing",
    ),
    "a comparison of an unknown arm": (lambda: phenomenon(comparisons=(APART,)), "only arms can be compared"),
    "a comparison of a comparison": (
        lambda: phenomenon(
            arm(), arm("other"), comparisons=(APART, Comparison("twice", ("apart", "main"), departure, ("x",)))
        ),
        "only arms can be compared. There are main, other",
    ),
    "a comparison whose second arm alone is swept": (
        lambda: phenomenon(arm(), arm("other", sweep={"lr": (0.1, 0.2)}), comparisons=(APART,)),
        r"only the second arm sweeps \['lr'\]",
    ),
    "a panel of an unknown arm": (
        lambda: phenomenon(panels=(lines(arms=("x",)),)),
        "the panel 'Loss' is about the arm",
    ),
    "a panel of a series that nobody writes": (
        lambda: phenomenon(panels=(lines(Measured("los")),)),
        r"the panel 'Loss' draws the series \['los'\], which no probe of main writes",
    ),
    "a panel with theory of an unknown setting": (
        lambda: phenomenon(panels=(lines(theory=2 / MOMENTUM),)),
        r"the panel 'Loss' needs the settings \['momentum'\]",
    ),
    "a scatter of an unknown setting": (
        lambda: phenomenon(
            panels=(Scatter("S", "c", first_value(LOSS * MOMENTUM), last_value(LOSS), "x", "y", ("main",)),)
        ),
        "needs the settings",
    ),
    "options that cannot be written down": (lambda: phenomenon(options={"f": print}), "cannot hold"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_phenomenon_refuses(name):
    make, sentence = REFUSED[name]
    with pytest.raises(BadInput, match=sentence):
        make()


ARMS_REFUSED = {
    "a sweep of nothing": ({"sweep": {"lr": ()}}, "a sweep needs values"),
    "a value twice": ({"sweep": {"lr": (0.1, 0.1)}}, "a sweep needs values, each once"),
    "company of no sweep": ({"along": {"steps": (3, 4)}}, "that needs one swept setting"),
    "company of two sweeps": (
        {"sweep": {"lr": (0.1, 0.2), "steps": (3, 4)}, "along": {"batch": (3, 4)}},
        r"\['batch'\] go along with a sweep: that needs one swept setting",
    ),
    "too little company": ({"sweep": {"lr": (0.1, 0.2)}, "along": {"steps": (3,)}}, "as many values as it has"),
    "company of no field": ({"sweep": {"lr": (0.1,)}, "along": {"momentum": (0.5,)}}, "'momentum' names no field"),
    "a sweep of seeds": ({"sweep": {"seed": (1, 2)}}, "seeds are not swept"),
    "a sweep of no field": ({"sweep": {"momentum": (0.5,)}}, "'momentum' names no field"),
    "a sweep of what is no number": ({"sweep": {"activation": ("tanh", "relu")}}, "which is no setting"),
    "a mark that nobody reads": ({"marks": (Mark("m", "sharpness", 1.0),)}, "mark 'm' watches the series 'sharpness'"),
    "two marks of one name": (
        {"marks": (Mark("m", "loss", 1.0), Mark("m", "loss", 2.0))},
        "marks of an arm need different names",
    ),
    "what is no probe": ({"probes": (Mark("m", "loss", 1.0),)}, "is not a probe"),
    "two probes of one series": ({"probes": (Loss(), Loss(every=2))}, "two probes write the series"),
}


@pytest.mark.parametrize("name", ARMS_REFUSED)
def test_an_arm_refuses(name):
    options, sentence = ARMS_REFUSED[name]
    with pytest.raises(BadInput, match=sentence):
        arm(**options)


def test_what_fits_together_is_accepted():
    made = phenomenon(
        arm(sweep={"lr": (0.1, 0.2)}, probes=(Loss(), Sharpness())),
        arm("other"),
        comparisons=(APART,),
        claims=(
            claim(each="lr", control=Breaks("other"), name="a"),
            claim(statistic=log_log_slope(last_value(LOSS), LR), over="lr", name="b"),
            claim(on="apart", statistic=last_value(Measured("cosine")), each="lr"),
            claim(on="other", name="c"),
        ),
        panels=(
            lines(Measured("sharpness"), ("main", "other")),
            lines(Measured("sharpness.residual"), title="Residual"),
            lines(Measured("cosine"), ("apart",), "Cosine", theory=LR * 1),
        ),
    )
    assert made.sweeps == {"main": ("lr",), "other": (), "apart": ("lr",)}
    assert made.arm("other").name == "other"


def test_a_control_with_the_claims_own_statistic_need_not_be_swept():
    swept = arm(sweep={"lr": (0.1, 0.2)})
    over = claim(statistic=largest(last_value(LOSS)), over="lr", control=Breaks("single"))
    assert phenomenon(swept, arm("single"), claims=(over,)).sweeps == {"main": ("lr",), "single": ()}


def test_what_goes_along_with_a_sweep_changes_with_it():
    made = arm(made=recipe(batch=4), sweep={"batch": (2, 4, 8)}, along={"steps": (12, 6, 3), "lr": (0.1, 0.2, 0.4)})
    found = [plan.recipe for plan in made.plans((5, 6))]
    assert [(r.batch, r.steps, r.rule.lr, r.seed) for r in found] == [
        (batch, 24 // batch, batch / 20, seed) for batch in (2, 4, 8) for seed in (5, 6)
    ]
    assert made.varied == {"batch": (2, 4, 8), "steps": (12, 6, 3), "lr": (0.1, 0.2, 0.4)}
    assert phenomenon(made, claims=(claim(each="batch"),)).sweeps == {"main": ("batch",)}


def test_plans_are_the_product_of_the_sweep_and_the_seeds():
    made = arm(made=recipe(rule=HeavyBall(0.1)), sweep={"lr": (0.1, 0.2), "momentum": (0.0, 0.5, 0.9)})
    plans = list(made.plans((4, 7)))
    rules = [(p.recipe.rule.lr, p.recipe.rule.momentum, p.recipe.seed) for p in plans]
    assert rules == [(lr, m, s) for lr in (0.1, 0.2) for m in (0.0, 0.5, 0.9) for s in (4, 7)]
    assert len({p.id for p in plans}) == 12


def test_a_setting_of_the_data_is_swept_by_the_name_it_has_in_the_record():
    made = arm(sweep={"data.label_noise": (0.0, 0.25)})
    assert [p.recipe.data.label_noise for p in made.plans((0,))] == [0.0, 0.25]
    with pytest.raises(BadInput, match=r"sweeps \['label_noise'\], which is no setting.*data\.label_noise"):
        arm(sweep={"label_noise": (0.0, 0.25)})


def test_a_rate_that_is_a_schedule_may_be_swept_over_numbers():
    made = Arm("a", recipe(Cosine(0.1, 10)), (Loss(),), {"lr": (0.1, 0.2)})
    assert made.settings["lr"] == 0.1


BASE = Plan(recipe(), (Loss(),))
OTHER_PLANS = {
    "seed": Plan(recipe(seed=1), (Loss(),)),
    "rate": Plan(recipe(0.2), (Loss(),)),
    "steps": Plan(recipe(steps=7), (Loss(),)),
    "probe": Plan(recipe(), (Loss(every=2),)),
    "more probes": Plan(recipe(), (Loss(), GradientNorm())),
    "mark": Plan(recipe(), (Loss(),), (Mark("m", "loss", 0.1),)),
    "keep": Plan(recipe(), (Loss(),), keep=(3,)),
    "data": Plan(recipe(data=dataset("gaussian_clusters", dimensions=3, examples=25)), (Loss(),)),
    "dynamics": Plan(recipe(dynamics="linearised"), (Loss(),)),
    "start": Plan(recipe(start=Point(recipe(), 3)), (Loss(),)),
}


@pytest.mark.parametrize("name", OTHER_PLANS)
def test_whatever_decides_a_member_is_in_its_id(name):
    assert OTHER_PLANS[name].id != BASE.id


def test_equal_plans_have_one_id_and_a_changed_version_another(monkeypatch):
    assert Plan(recipe(0.1), (Loss(1),)).id == BASE.id
    assert Plan(recipe(rule=HeavyBall(1, 0)), ()).id == Plan(recipe(rule=HeavyBall(1.0, 0.0)), ()).id
    before = BASE.id
    monkeypatch.setattr(Loss, "version", 2)
    assert BASE.id != before
