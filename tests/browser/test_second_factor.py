"""Staff set a second factor up before anything else, and are asked for it from then on."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tests.site.builders import PASSWORD, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PERIOD_S = 30


def code_of(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S + steps))


def test_staff_set_up_an_authenticator_and_need_it_to_sign_in(page, settings):
    settings.MFA_TOTP_TOLERANCE = 2  # a code of the step before: the machine may be slow
    staff = make_person(staff=True)
    Authenticator.objects.all().delete()
    give_password(page, staff)
    expect(page.get_by_text("Staff and curators need a second factor")).to_be_visible()
    page.get_by_role("link", name="Activate").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")
    assert page.request.get("/admin/").url.endswith("/admin/")
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign Out").click()
    give_password(page, staff)
    page.get_by_label("Code").fill(code_of(secret, steps=1))  # the one before is used up
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url("**/submissions/")


def give_password(page, person):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign In").click()
