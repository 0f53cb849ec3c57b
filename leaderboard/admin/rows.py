"""What all rows share: they are read, not written, but for what is named; what is done to them is done one way, and
written down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import Model as Row
from django.db.models import QuerySet
from django.forms import BaseModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leaderboard import audit
from leaderboard.models import Act
from leaderboard.submitting.errors import Refused

MOST_AT_ONCE = 200
STANDING = "standing"
"""Where a button was: on the operators' first page, which is shown again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that is done to rows, one after the other. `act` gets the person, the row and what was said why.

    With a `warning` it is asked for first: what happens then cannot be taken back. With `asks_why` a reason is asked.
    It is not offered on the page of a row that it does not fit.
    """

    name: str
    label: str
    act: Callable[[Any, Any, str], object]
    done: str
    warning: str = ""
    asks_why: bool = False
    superusers: bool = False
    fits: Callable[[Any], bool] = lambda _row: True

    @property
    def is_asked_first(self) -> bool:
        return bool(self.warning) or self.asks_why


class Rows(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Nothing is added or deleted here, unless a kind of row says so."""

    editable: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[tuple[str, ...]] = ()
    deeds: ClassVar[tuple[Deed, ...]] = ()
    elsewhere: ClassVar[tuple[tuple[str, type[Row], str], ...]] = ()
    """Links to the rows of another kind that refer to this one: a label, the kind, the field."""
    list_per_page = 50
    show_full_result_count = False
    change_form_template = "admin/holdout/change_form.html"

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: Row | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What is hidden is no filter either: who may ask how a hash or a secret begins reads it letter by letter."""
        is_hidden = lookup.split("__", maxsplit=1)[0] in self.hidden
        return not is_hidden and super().lookup_allowed(lookup, value, request)

    def get_exclude(self, _request: HttpRequest, _row: Row | None = None) -> tuple[str, ...]:
        return self.hidden

    def get_readonly_fields(self, _request: HttpRequest, row: Row | None = None) -> list[str]:
        shut = {*self.editable, *self.hidden}
        fields = [*self.opts.fields, *self.opts.many_to_many]
        names = [field.name for field in fields if field.name not in shut and not hasattr(field, "through")]
        return [*names, *(["related_rows"] if self.elsewhere and row is not None else [])]

    @admin.display(description="related rows")
    def related_rows(self, row: Row) -> SafeString:
        links = ((changelist(kind, **{f"{field}__exact": row.pk}), label) for label, kind, field in self.elsewhere)
        return format_html_join(", ", '<a href="{}">{}</a>', links)

    # What is done. Django's own actions are not offered: nothing that is done here goes unwritten.

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_change_permission(request) or IS_POPUP_VAR in request.GET:
            return {}
        mine = (deed for deed in self.deeds if request.user.is_superuser or not deed.superusers)
        return {deed.name: (_action(deed), deed.name, deed.label) for deed in mine}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more: dict[str, Any] = {"deeds_at": changelist(self.model)}
        if set(self.get_fields(request)) <= set(self.get_readonly_fields(request)):
            more |= dict.fromkeys(("show_save", "show_save_and_continue"), False)
        return super().change_view(request, object_id, form_url, (extra_context or {}) | more)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Row | None = None,
    ) -> HttpResponse:
        mine = self.get_actions(request)
        context["deeds"] = [deed for deed in self.deeds if deed.name in mine and obj is not None and deed.fits(obj)]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, _extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the audit has of the row: Django's own history knows forms alone."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        kind, key = audit.key_of(row)
        return redirect(changelist(Act, kind__exact=kind, row__exact=key))

    def save_model(self, request: HttpRequest, row: Row, form: "BaseModelForm[Any]", change: bool) -> None:
        if change:
            # What is not on the form stays as it is now, not as it was when the form was read.
            with audit.acting(request.user, "change", row):
                row.save(update_fields=form.changed_data)
        else:
            super().save_model(request, row, form, change)
            audit.note(request.user, "add", row, after=audit.snapshot(row))

    def delete_model(self, request: HttpRequest, row: Row) -> None:
        with audit.acting(request.user, "delete", row):
            super().delete_model(request, row)


def _action(deed: Deed) -> Callable[[Rows, HttpRequest, QuerySet[Any]], HttpResponse | None]:
    def act(rows_admin: Rows, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        chosen = list(rows[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            messages.error(request, f"At most {MOST_AT_ONCE} rows at once: choose fewer.")
        elif deed.is_asked_first and not _is_answered(deed, request):
            return _asked_first(deed, rows_admin, request, chosen)
        else:
            do(request, deed, chosen)
        return redirect("admin:index") if request.POST.get("from") == STANDING else None

    return act


def _is_answered(deed: Deed, request: HttpRequest) -> bool:
    return "confirmed" in request.POST and bool(request.POST.get("why", "").strip() or not deed.asks_why)


def do(request: HttpRequest, deed: Deed, rows: list[Any]) -> None:
    """What is refused is said, and the others go on."""
    why = request.POST.get("why", "").strip()
    more = {"why": why} if why else {}
    for row in rows:
        try:
            with audit.acting(request.user, deed.name, row, **more):
                deed.act(request.user, row, why)
        except Refused as refused:
            messages.error(request, f"{row}: {refused} {refused.remedy}")
        else:
            messages.success(request, f"{row}: {deed.done}")


def _asked_first(deed: Deed, rows_admin: Rows, request: HttpRequest, rows: list[Any]) -> HttpResponse:
    page = {
        **rows_admin.admin_site.each_context(request),
        "title": deed.label,
        "deed": deed,
        "rows": rows,
        "row_field": ACTION_CHECKBOX_NAME,
        "opts": rows_admin.opts,
        "back": changelist(rows_admin.model),
        "from": request.POST.get("from", ""),
    }
    return TemplateResponse(request, "admin/holdout/deed.html", page)


def changelist(of: type[Row], /, **lookups: object) -> str:
    address = reverse(f"admin:{of._meta.app_label}_{of._meta.model_name}_changelist")
    return address + ("?" + "&".join(f"{name}={value}" for name, value in lookups.items()) if lookups else "")


def link(row: Row | None) -> SafeString | str:
    """To a row's own page; its list takes the row it refers to with it, or this costs a query each."""
    if row is None:
        return "–"
    at = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', at, row)


def to(path: str, label: str = "") -> Callable[[Any, Row], SafeString | str]:
    """A column that leads to a row which this one refers to, as `submission__model`."""

    @admin.display(description=label or path.rsplit("__", 1)[-1], ordering=path)
    def column(_rows: Any, row: Any) -> SafeString | str:
        for name in path.split("__"):
            row = getattr(row, name)
        return link(row)

    return column
