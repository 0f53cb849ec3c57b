"""What somebody asks to submit, checked as far as it can be without a look at the rows."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from evaluator.contract.errors import ContractError
from evaluator.contract.improve import ImproveModel, train_arguments
from evaluator.sandbox.images.registry import Reference
from evaluator.sandbox.outcomes import SandboxRefusalError
from evaluator.sandbox.process_backend import reference_module
from evaluator.sandbox.stages import Limits
from leaderboard.models import ModelKind, Track
from leaderboard.models.entries import Contract, ImageOrigin
from leaderboard.submitting import texts
from leaderboard.submitting.errors import Refused

MOST_SETTINGS_BYTES = 8 << 10
DEEPEST_SETTINGS = 8
MOST_TEXT = 5_000
REFERENCE = "reference:"
WHOLE = {name for name, value in asdict(Limits()).items() if isinstance(value, int)}
ASKABLE = frozenset(asdict(Limits())) - {"log_kb"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Team and track by slug; the model by the slug of one of the team's, or the name of a new one.

    One of `image` (by digest), `upload` and `reference` (one of ours, from staff, for the process sandbox) is given.
    Texts that are left empty leave an old model's as they are; note and pretraining are of this version alone.
    """

    team: str
    track: str
    model: str = ""
    new_model: str = ""
    note: str = ""
    pretraining: str = ""
    pretrained_until: date | None = None
    description: str = ""
    citation: str = ""
    code_url: str = ""
    licence: str = ""
    contract: str = Contract.HOLDOUT
    improve_model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    image: str = ""
    upload: UUID | str | None = None
    reference: str = ""
    kind: str = ModelKind.PARTICIPANT  # of a new model; others than this are staff's to make

    @property
    def origin(self) -> ImageOrigin:
        if self.reference:
            return ImageOrigin.REFERENCE
        return ImageOrigin.ARCHIVE if self.upload else ImageOrigin.REGISTRY


def checked(draft: Draft) -> Draft:
    """The same with its texts made plain; Refused for the first thing that is wrong."""
    if bool(draft.model) == bool(draft.new_model):
        remedy = "Name one of your team's models, or give a name for a new one: one of the two."
        raise Refused("which_model", "It has to be said which model this is.", remedy, "model")
    if sum(map(bool, (draft.image, draft.upload, draft.reference))) != 1:
        remedy = "Give an image by digest, or an uploaded archive: one of the two."
        raise Refused("which_image", "It has to be said which image this is.", remedy, "image")
    if draft.kind not in ModelKind.values:
        raise Refused("bad_kind", "There is no such kind of model.", f"Use {_listed(ModelKind.values)}.", "kind")
    _check_image(draft)
    _check_settings(draft.settings)
    _check_contract(draft)
    pretraining = texts.plain(draft.pretraining, field="pretraining", most=MOST_TEXT, lines=True)
    _check_pretrained_until(draft.pretrained_until, pretraining)
    return replace(
        draft,
        pretraining=pretraining,
        new_model=texts.name(draft.new_model, field="new_model") if draft.new_model else "",
        note=texts.plain(draft.note, field="note", most=MOST_TEXT, lines=True),
        description=texts.plain(draft.description, field="description", most=MOST_TEXT, lines=True),
        citation=texts.plain(draft.citation, field="citation", most=MOST_TEXT, lines=True),
        code_url=texts.url(draft.code_url, field="code_url"),
        licence=texts.plain(draft.licence, field="licence", most=100),
    )


def _check_pretrained_until(until: date | None, pretraining: str) -> None:
    if until is None:
        return
    if not pretraining:
        remedy = "Say on what data it was pretrained, or leave the date out."
        raise Refused("no_pretraining", "A date of pretraining is given, and no pretraining.", remedy, "pretraining")
    if until > timezone.now().date():
        remedy = "Give the newest date of the data that it was pretrained on."
        raise Refused("bad_date", f"{until} lies in the future.", remedy, "pretrained_until")


def check_resources(asked: Mapping[str, Any], track: Track) -> None:
    """{"train": {"memory_mb": 2048, …}, "infer": {…}}: at most what the track allows, above zero."""
    if unknown := sorted(map(str, set(asked) - {"train", "infer"})):
        raise _refused_resource(unknown[0], "is no stage", "Use train and infer.")
    for stage, limits in asked.items():
        if not isinstance(limits, Mapping):
            raise _refused_resource(stage, "is no object", 'Write {"memory_mb": 2048}, for example.')
        most = track.definition[stage]
        for name, value in limits.items():
            if name not in ASKABLE:
                raise _refused_resource(f"{stage}.{name}", "is no resource", f"Use {_listed(sorted(ASKABLE))}.")
            _check_amount(f"{stage}.{name}", value, most[name], is_whole=name in WHOLE)


def _check_amount(name: str, value: Any, most: float, *, is_whole: bool) -> None:
    number = "whole number" if is_whole else "number"
    if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
        raise _refused_resource(name, f"is no {number}", f"Give a {number}.")
    least = 0 if name.endswith(".gpus") else 1 if is_whole else 0.1
    if not least <= value <= most:  # which no NaN is
        raise _refused_resource(name, "is outside of the track's limits", f"Give {least:g} to {most:g}.")


def _refused_resource(name: str, what: str, remedy: str) -> Refused:
    return Refused("bad_resources", f"{name[:60]!r} {what}.", remedy, "resources")


def _check_image(draft: Draft) -> None:
    if draft.reference:
        try:
            reference_module(REFERENCE + draft.reference)
        except SandboxRefusalError as refusal:
            remedy = "Use the name of a module of reference_models."
            raise Refused("no_reference", f"{refusal.reason}.", remedy, "reference") from None
    if draft.image:
        try:
            host = Reference.parse(draft.image).host
        except SandboxRefusalError:
            remedy = "Write registry.example.org/team/model@sha256:… with all 64 hexadecimal digits."
            raise Refused("bad_digest", "This is no image by digest.", remedy, "image") from None
        if host not in settings.REGISTRIES or len(draft.image) > 500:
            known = f"Push it to {_listed(settings.REGISTRIES)}" if settings.REGISTRIES else "Upload an archive"
            sentence = f"Images from {host[:100]} are not taken here."
            raise Refused("registry_not_allowed", sentence, f"{known} and submit that.", "image")


def _check_settings(asked: Mapping[str, Any]) -> None:
    remedy = f"Give a JSON object of at most {MOST_SETTINGS_BYTES} bytes, {DEEPEST_SETTINGS} levels deep."
    if not isinstance(asked, Mapping):
        raise Refused("bad_settings", "The settings are no object.", remedy, "settings")
    try:
        _check_value(asked, DEEPEST_SETTINGS)
        size = len(json.dumps(asked, allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        raise Refused("bad_settings", f"The settings cannot be stored: {error}.", remedy, "settings") from None
    if size > MOST_SETTINGS_BYTES:
        raise Refused("bad_settings", f"The settings have {size} bytes.", remedy, "settings")


def _check_value(value: Any, levels: int) -> None:
    """ValueError for what PostgreSQL or a container's JSON reader would choke on."""
    if levels < 0:
        raise ValueError("they are nested too deeply")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("a name in them is no text")
        inner = [*value, *value.values()]
    elif isinstance(value, list | tuple):
        inner = list(value)
    elif isinstance(value, str):
        if "\0" in value or not value.isprintable():
            raise ValueError("a text in them has control characters")
        return
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= 1e300:  # which no NaN is
            raise ValueError("a number in them is not finite")
        return
    elif value is None or isinstance(value, bool):
        return
    else:
        raise TypeError(f"{type(value).__name__} is no JSON")
    for one in inner:
        _check_value(one, levels - 1)


def _check_contract(draft: Draft) -> None:
    if draft.contract not in Contract.values:
        remedy = f"Use {_listed(Contract.values)}."
        raise Refused("bad_contract", "There is no such contract.", remedy, "contract")
    if draft.contract == Contract.HOLDOUT:
        if draft.improve_model:
            remedy = "Leave it empty, or choose the contract `improve`."
            raise Refused("bad_contract", "A name of an IMPROVE model is given.", remedy, "improve_model")
        return
    try:
        ImproveModel(draft.improve_model)
    except ContractError:
        remedy = "Give `graphdrp` for graphdrp_train_improve.py, for example."
        raise Refused("bad_improve_model", "This is no name of an IMPROVE model.", remedy, "improve_model") from None
    try:
        train_arguments(draft.settings)
    except ContractError as error:
        raise Refused("bad_settings", f"{error}.", "Change or remove what is named.", "settings") from None


def _listed(words: Any) -> str:
    return ", ".join(words)
