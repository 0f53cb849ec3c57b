"""Signing up, in and out, and what staff need besides."""

import json
import os
import re
import subprocess
import sys

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from leaderboard.models import Person
from tests.site.builders import PASSWORD, make_person

pytestmark = pytest.mark.django_db


def test_somebody_signs_up_confirms_the_address_and_is_in(client, mailoutbox):
    page = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    sent = client.post(reverse("account_signup"), page, follow=True)
    assert "Read your mail" in sent.text
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", mailoutbox[0].body)[1]
    assert "new@example.org" in client.get(link).text
    client.post(link)
    signed_in = client.post(reverse("account_login"), {"login": "new@example.org", "password": PASSWORD})
    assert signed_in.status_code == 302
    assert client.session["_auth_user_id"] == str(Person.objects.get(email="new@example.org").pk)


def test_nobody_signs_in_before_the_address_is_confirmed(client, mailoutbox):
    client.post(reverse("account_signup"), {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD})
    client.post(reverse("account_login"), {"login": "new@example.org", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_where_mail_is_written_to_files_the_page_says_in_which_folder(client, settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", tmp_path
    assert str(tmp_path) in client.get(reverse("account_email_verification_sent")).text
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert str(tmp_path) not in client.get(reverse("account_email_verification_sent")).text


def test_a_password_is_set_anew_by_the_link_in_a_message(client, mailoutbox):
    person = make_person()
    client.post(reverse("account_reset_password"), {"email": person.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another-long-password", "password2": "another-long-password"})
    person.refresh_from_db()
    assert person.check_password("another-long-password")


def test_a_wrong_password_is_told_in_a_summary_that_takes_the_focus(client):
    page = client.post(reverse("account_login"), {"login": make_person().email, "password": "wrong"}).text
    assert re.search(r'<div class="[^"]*error-summary"[^>]* tabindex="-1" autofocus', page)


@pytest.mark.parametrize("who", ["staff", "curator"])
@pytest.mark.parametrize("path", ["/", "/admin/", "/submissions/", "/curating/"])
def test_staff_and_curators_without_a_second_factor_are_sent_to_set_one_up(client, path, who):
    person = make_person(**{who: True})
    Authenticator.objects.filter(user=person).delete()
    client.force_login(person)
    assert client.get(path).url == reverse("mfa_index")
    assert "Staff and curators need a second factor" in client.get(reverse("mfa_index")).text


def test_staff_with_a_second_factor_go_everywhere(client):
    client.force_login(make_person(staff=True))
    assert client.get("/admin/").status_code == 200


def test_signing_in_asks_those_who_have_a_second_factor_for_it(client):
    staff = make_person(staff=True)
    answer = client.post(reverse("account_login"), {"login": staff.email, "password": PASSWORD})
    assert answer.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session


def test_the_admin_has_no_door_of_its_own(client):
    assert client.get("/admin/login/", {"next": "/admin/"}).url.startswith(reverse("account_login"))


def test_somebody_changes_the_name_that_teams_read(client):
    person = make_person()
    client.force_login(person)
    client.post(reverse("account"), {"name": "  Ada Lovelace "})
    assert str(Person.objects.get(pk=person.pk)) == "Ada Lovelace"
    assert 'value="Ada Lovelace"' in client.get(reverse("account")).text


def test_a_name_that_cannot_be_shown_is_refused_beside_its_field(client):
    client.force_login(make_person())
    answer = client.post(reverse("account"), {"name": "Ada\u202elace"})
    assert answer.status_code == 400
    assert "id_name_error" in answer.text


def test_sign_in_elsewhere_is_offered_where_it_is_set_up_and_the_browser_may_go_there():
    names = {"GITHUB_CLIENT_ID": "a", "GITHUB_SECRET": "b", "HOLDOUT_SIGN_IN_WITH": "github", "SECRET_KEY": "c"}
    said = (
        "from django.conf import settings\nimport json\n"
        "print(json.dumps([settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'], settings.INSTALLED_APPS]))"
    )
    environ = {**os.environ, **names, "DJANGO_SETTINGS_MODULE": "leaderboard.settings"}
    done = subprocess.run([sys.executable, "-c", said], env=environ, capture_output=True, text=True, check=True)
    targets, apps = json.loads(done.stdout)
    assert targets == ["'self'", "https://github.com"]
    assert [app for app in apps if "providers" in app] == ["allauth.socialaccount.providers.github"]
