"""People, their teams, and what they sign in by."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.db.models import Model as Row
from django.http import HttpRequest

from leaderboard import models
from leaderboard.admin.rows import Deed, Rows, to


@admin.register(models.Person)
class PersonRows(Rows):
    list_display = ("username", "email", "is_active", "is_staff", "is_curator", "last_login")
    list_filter = ("is_active", "is_staff", "is_curator")
    search_fields = ("username", "email", "first_name", "last_name")
    editable = ("is_active", "is_curator")
    hidden = ("password", "groups", "user_permissions")
    elsewhere = (
        ("teams", models.Membership, "person"),
        ("submissions", models.Submission, "person"),
        ("tokens", models.Token, "user"),
        ("ways to sign in", Authenticator, "user"),
        ("acts", models.Act, "person"),
    )

    def get_readonly_fields(self, request: HttpRequest, row: Row | None = None) -> list[str]:
        """Who is staff is a superuser's to say: nobody makes more of themselves."""
        shut = super().get_readonly_fields(request, row)
        return [name for name in shut if name != "is_staff"] if request.user.is_superuser else shut


class Memberships(admin.TabularInline):  # type: ignore[type-arg]
    model = models.Membership
    extra = 0
    can_delete = False
    readonly_fields = ("person", "role")

    def has_add_permission(self, _request: HttpRequest, _row: Row | None = None) -> bool:
        return False


@admin.register(models.Team)
class TeamRows(Rows):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug", "people__email")
    inlines = (Memberships,)
    elsewhere = (
        ("models", models.Model, "team"),
        ("uploads", models.Upload, "team"),
        ("runs", models.Run, "team"),
        ("quotas of its own", models.TeamQuota, "team"),
        ("invitations", models.Invitation, "team"),
    )


@admin.register(models.Membership)
class MembershipRows(Rows):
    list_display = ("id", "person_", "team_", "role")
    list_select_related = ("person", "team")
    list_filter = ("role",)
    search_fields = ("person__email", "team__name")
    person_, team_ = to("person"), to("team")


@admin.register(models.Invitation)
class InvitationRows(Rows):
    list_display = ("email", "team_", "invited_by_", "created_at", "ended_at")
    list_select_related = ("team", "invited_by")
    search_fields = ("email", "team__name")
    team_, invited_by_ = to("team"), to("invited_by", "invited by")


@admin.register(models.Token)
class TokenRows(Rows):
    """Its id is the hash that it is checked by, which opens nothing."""

    list_display = ("name", "user_", "scope", "created", "expiry")
    list_select_related = ("user",)
    list_filter = ("scope",)
    search_fields = ("name", "user__email")
    hidden = ("digest", "token_key")
    user_ = to("user", "person")
    deeds = (
        Deed(
            name="revoke",
            label="Take back",
            act=lambda _person, token, _why: token.delete(),
            done="taken back",
            warning="Whatever signs in by it is shut out at once. A token cannot be brought back.",
        ),
    )


@admin.register(EmailAddress)
class EmailAddressRows(Rows):
    list_display = ("email", "user_", "verified", "primary")
    list_select_related = ("user",)
    list_filter = ("verified",)
    search_fields = ("email", "user__username")
    user_ = to("user", "person")


@admin.register(Authenticator)
class AuthenticatorRows(Rows):
    """Without its secret. Somebody who has lost a second factor is let in without one, by a superuser."""

    list_display = ("type", "user_", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("type",)
    search_fields = ("user__email",)
    hidden = ("data",)
    user_ = to("user", "person")
    deeds = (
        Deed(
            name="remove",
            label="Remove, where it is lost",
            act=lambda _person, way, _why: way.delete(),
            done="removed",
            warning="Their password alone lets them in from then on. Make sure that it is they who ask.",
            asks_why=True,
            superusers=True,
        ),
    )


@admin.register(SocialAccount)
class SocialAccountRows(Rows):
    list_display = ("provider", "user_", "date_joined", "last_login")
    list_select_related = ("user",)
    list_filter = ("provider",)
    search_fields = ("user__email", "uid")
    hidden = ("extra_data",)
    user_ = to("user", "person")
