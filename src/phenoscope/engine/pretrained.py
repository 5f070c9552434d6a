"""Models saved by Hugging Face transformers: a folder with config.json and weights."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine.imported import told

KINDS = {
    "ForSequenceClassification": ("AutoModelForSequenceClassification", "cross_entropy"),
    "ForCausalLM": ("AutoModelForCausalLM", "next_token"),
    "LMHeadModel": ("AutoModelForCausalLM", "next_token"),
}
"""The end of an architecture's name: what builds it, and the loss that it is trained with."""

IGNORED = -100


class NextToken:
    """-log p(token t + 1 | tokens up to t), averaged over the targets that are not -100, in nats.

    Targets are the tokens themselves, as `labels` of transformers are: outputs (n, t, v), targets (n, t).
    """

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs[:, :-1].flatten(0, 1), targets[:, 1:].flatten(), ignore_index=IGNORED)

    def denominator(self, outputs: Tensor, targets: Tensor) -> float:
        """How many tokens are predicted."""
        return float((targets[:, 1:] != IGNORED).sum())


def pretrained(folder: Path, *, weights: bool = True) -> tuple[nn.Module, str]:
    """The model in a folder, and the name of the loss it is trained with.

    No code from the folder is run, no pickle is opened, nothing is downloaded.

    Args:
        folder: as `save_pretrained` wrote it.
        weights: whether to load them; else the architecture alone is built.

    Raises:
        BadInput: no such model, weights that do not fit.
        PhenoscopeError: transformers is not installed.
    """
    if not (folder / "config.json").is_file():
        raise BadInput(f"{folder} holds no config.json, so it is no model saved by transformers. Pass its folder.")
    transformers = _transformers(folder)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        builder, loss = _kind(config, folder)
        auto = getattr(transformers, builder)
        # Fused attention has no second derivative.
        options = {"attn_implementation": "eager", "trust_remote_code": False}
        if not weights:
            return auto.from_config(config, **options), loss
        if not any(folder.glob("*.safetensors")):
            raise BadInput(
                f"{folder} has no weights as safetensors. Save the model anew with save_pretrained, or pass "
                f"--weights {folder}/pytorch_model.bin, which is read without running anything in it."
            )
        options |= {"config": config, "local_files_only": True, "use_safetensors": True, "output_loading_info": True}
        model, info = auto.from_pretrained(folder, **options)
    except PhenoscopeError:
        raise
    except Exception as problem:  # of a damaged file, an unknown architecture, a newer version
        raise BadInput(f"the model in {folder} cannot be loaded by transformers: {told(problem)}") from problem
    _complete(info, folder)
    return model, loss


def weight_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _transformers(folder: Path) -> Any:
    try:
        import transformers  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise PhenoscopeError(
            f"{folder} is a model of transformers, which is not installed. Install it: pip install transformers"
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _kind(config: Any, folder: Path) -> tuple[str, str]:
    names = getattr(config, "architectures", None) or ()
    for name in names:
        for end, kind in KINDS.items():
            if name.endswith(end):
                return kind
    raise BadInput(
        f"the model in {folder} is of the architecture {', '.join(names) or 'unknown'}; known are those that end in "
        f"{', '.join(KINDS)}. For others pass a function that builds the model: --model package.module:function."
    )


def _complete(info: Any, folder: Path) -> None:
    """Refuse what transformers only warns about: parameters that it had to draw at random."""
    wrong = {name: sorted(map(str, info.get(f"{name}_keys") or ())) for name in ("missing", "mismatched")}
    found = "; ".join(f"{what}: {', '.join(names[:4])}" for what, names in wrong.items() if names)
    if found:
        raise BadInput(f"the weights in {folder} do not fill the model ({found}). The rest would be random numbers.")
