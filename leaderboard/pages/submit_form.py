"""The form of a submission: what is typed becomes a Draft, and a refusal of the draft comes back beside its field."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Max

from leaderboard.models import Team, Track, Upload
from leaderboard.models.entries import Contract, UploadState
from leaderboard.reads import amounts
from leaderboard.submitting.drafts import MOST_TEXT, Draft

IMAGES = ("image", "archive", "upload")  # of which one is given
ASKED = {"cpus": "CPUs", "memory_mb": "Memory in MB", "wall_s": "Wall time in seconds", "gpus": "GPUs"}
STAGES = ("train", "infer")


def _text(*, label: str, rows: int = 3, help_text: str = "", required: bool = False) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, widget=area, help_text=help_text, required=required, max_length=MOST_TEXT)


class SubmitForm(forms.Form):
    """`key` is the same for every press of one page's button, so that two presses are one submission."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    team = forms.CharField(widget=forms.HiddenInput, max_length=60)
    track = forms.CharField(widget=forms.HiddenInput, max_length=60)
    model = forms.ChoiceField(label="Model", required=False)
    new_model = forms.CharField(
        label="Name of a new model", max_length=100, required=False, help_text="As it will stand on the board."
    )
    note = _text(label="What is new in this version", rows=2)
    image = forms.CharField(
        label="Image by digest", max_length=500, required=False, help_text="registry/team/model@sha256:…"
    )
    archive = forms.FileField(
        label="Archive", required=False, help_text="What <code>docker save IMAGE -o model.tar</code> writes."
    )
    upload = forms.ChoiceField(label="Uploaded archive", required=False)
    pretraining = _text(
        label="What it was pretrained on",
        help_text="Which data, and whether answers of any study of the track are among them.",
    )
    pretrained_until = forms.DateField(
        label="Newest date of these data",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="A pretrained model without it has no prospective or blind score on sealed studies.",
    )
    contract = forms.ChoiceField(
        label="Contract",
        widget=forms.RadioSelect,
        initial=Contract.HOLDOUT.value,
        choices=[
            (Contract.HOLDOUT.value, "holdout: the image has train and infer"),
            (Contract.IMPROVE.value, "improve: an unmodified IMPROVE model, three scripts"),
        ],
    )
    improve_model = forms.CharField(
        label="Name of the IMPROVE model",
        max_length=64,
        required=False,
        help_text="<code>graphdrp</code> for graphdrp_train_improve.py. For the improve contract alone.",
    )
    settings = _text(
        label="Settings", rows=3, help_text='A JSON object that is passed on in job.json: <code>{"epochs": 20}</code>.'
    )
    description = _text(label="Description", help_text="What the model is, in a few sentences.")
    citation = _text(label="Citation", rows=2)
    code_url = forms.URLField(label="Link to the code", required=False, max_length=200, assume_scheme="https")
    licence = forms.CharField(label="Licence", max_length=100, required=False)

    def __init__(self, team: Team, track: Track, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_team, self.of_track = team, track
        self.fields["model"].choices = [("", "a new model"), *self._models()]  # type: ignore[attr-defined]
        self.fields["licence"].widget.attrs["placeholder"] = "Apache-2.0"
        self._offer_images()
        for stage in STAGES:
            for name, label in ASKED.items():
                self._ask(stage, name, label, track.definition[stage][name])

    def _models(self) -> list[tuple[str, str]]:
        models = self.of_team.models.annotate(last=Max("submissions__version")).order_by("name")
        return [(model.slug, f"{model.name} (this will be version {(model.last or 0) + 1})") for model in models]

    def _offer_images(self) -> None:
        kept = [
            (str(upload.pk), f"{upload.name}, {amounts.size(upload.size_bytes)}, {upload.created_at:%j %B %H:%M} UTC")
            for upload in Upload.objects.filter(team=self.of_team, state=UploadState.COMPLETE, submissions=None)
        ]
        if kept:
            self.fields["upload"].choices = [("", "none of these"), *kept]  # type: ignore[attr-defined]
        else:
            del self.fields["upload"]
        if settings.REGISTRIES:
            self.fields["image"].help_text += f" From {', '.join(settings.REGISTRIES)}."
        else:
            del self.fields["image"]

    def _ask(self, stage: str, name: str, label: str, most: float) -> None:
        if not most:
            return
        kind = forms.FloatField if name == "cpus" else forms.IntegerField
        self.fields[f"{stage}_{name}"] = kind(
            label=f"{label} of {stage}", required=False, help_text=f"At most {most:g}"
        )

    @property
    def resource_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(tuple(f"{stage}_" for stage in STAGES))]

    @property
    def resources_are_wrong(self) -> bool:
        return any(field.errors for field in self.resource_fields)

    def clean_settings(self) -> dict[str, Any]:
        text = self.cleaned_data["settings"]
        try:
            made = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is no JSON: {error}.") from None
        if not isinstance(made, dict):
            raise forms.ValidationError("This is no JSON object: write { … } around it.")
        return made

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        if bool(asked.get("model")) == bool(asked.get("new_model")):
            chosen = "Leave this empty, or choose “a new model” above." if asked.get("model") else "Give it a name."
            self.add_error("new_model", chosen)
        given = [name for name in IMAGES if asked.get(name)]
        if len(given) != 1 and not any(name in self.errors for name in IMAGES):
            first = next(name for name in IMAGES if name in self.fields)
            self.add_error(
                given[-1] if given else first, f"Give one image{', not ' + str(len(given)) if given else ''}."
            )
        return asked

    def draft(self) -> Draft:
        asked = self.cleaned_data
        of_model = ("model", "new_model", "description", "citation", "code_url", "licence")
        of_version = ("note", "pretraining", "pretrained_until", "improve_model")
        return Draft(
            team=self.of_team.slug,
            track=self.of_track.slug,
            contract=asked["contract"],
            settings=asked["settings"],
            resources=self._resources(asked),
            image=asked.get("image", ""),
            upload=asked.get("upload") or None,
            **{name: asked[name] for name in (*of_model, *of_version)},
        )

    def _resources(self, asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        made = {
            stage: {name: value for name in ASKED if (value := asked.get(f"{stage}_{name}")) is not None}
            for stage in STAGES
        }
        return {stage: limits for stage, limits in made.items() if limits}
