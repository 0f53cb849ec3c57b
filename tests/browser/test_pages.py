"""Every page, wide and narrow, light and dark: no breach of the content policy, nothing wider than the screen."""

import pytest
from django.urls import reverse

from evaluator.agent.messages import StageKind
from leaderboard.states import AttemptState, Purpose, RunState, StageState
from leaderboard.submitting import teams
from leaderboard.vocabulary import Reason
from tests.browser.people import sign_in
from tests.site.builders import (
    make_attempt,
    make_cast,
    make_ending,
    make_model,
    make_run,
    make_stage,
    make_submission,
    make_track,
    make_upload,
)
from tests.site.pages.small_release import store_release, store_sealed
from tests.site.pages.stored import publish, store_board, store_published

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "a-log-line-without-a-space" * 40


def test_no_page_breaks_the_policy_or_the_screen(page, mailoutbox):
    cast = make_cast()
    open_pages, own_pages = addresses(cast)
    for scheme, width in (("light", 360), ("dark", 1280)):
        page.context.clear_cookies()
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        looked_at(page, open_pages, width)
        sign_in(page, cast.owner)
        looked_at(page, own_pages, width)


def looked_at(page, addresses, width):
    for address in addresses:
        page.goto(address)
        assert page.locator("h1").count() == 1, address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate("document.querySelectorAll('[style], style, script:not([src], [type$=json])').length") == 0


def addresses(cast):
    track = make_track()
    shown = publish(track=track)
    small = store_release()
    sealed = store_sealed(small)
    store_board(track=track)
    board = store_published({("A", "B"): 0.5})
    model = make_model(team=cast.team, name="A model of a rather long name")
    ended = rejected(model, track)
    running = make_submission(model=model, track=track, state="running", settings={LONG[:60]: 1}, note=LONG[:200])
    make_stage(attempt=make_attempt(run=make_run(submission=running, state=RunState.RUNNING)), phase="running")
    make_upload(team=cast.team)
    invitation = teams.invite(cast.owner, cast.team, "somebody-with-a-long-address@example.org")
    open_pages = [
        *(reverse(name) for name in ("home", "boards", "published", "account_login", "account_signup")),
        *(reverse(name) for name in ("how", "releases", "status")),
        *(reverse("how_page", args=[name]) for name in ("contract", "statistics", "settings")),
        reverse("release", args=[small.address]),
        reverse("study", args=[small.address, "A"]),
        reverse("sealed_study", args=[small.address, f"{sealed.name}-{sealed.version}"]),
        *(reverse(name) for name in ("account_reset_password", "account_email_verification_sent")),
        reverse("board", args=[track.slug]),
        reverse("model", args=[shown.model.slug]),
        f"{reverse('published')}{board.slug}/",
    ]
    own_pages = [
        *(reverse(name) for name in ("submit", "submissions", "teams", "tokens", "account", "mfa_index")),
        *(reverse(name) for name in ("account_email", "account_change_password", "account_logout")),
        *(reverse("submission", args=[one.pk]) for one in (running, ended)),
        *(reverse(name, args=[running.pk]) for name in ("withdraw", "delete")),
        reverse("run", args=[ended.pk, ended.runs.get().pk]),
        reverse("team", args=[cast.team.slug]),
        reverse("remove_member", args=[cast.team.slug, cast.teammate.pk]),
        reverse("join", args=[teams.token_of(invitation)]),
    ]
    return open_pages, own_pages


def rejected(model, track):
    submission = make_submission(model=model, track=track, state="rejected", told=Reason.CRASHED, told_detail=LONG)
    run = make_run(submission=submission, purpose=Purpose.SMOKE, state=RunState.FAILED)
    ending = make_ending(outcome="crashed", reason=LONG[:300]) | {"log": {"head": LONG, "tail": LONG}}
    make_stage(
        attempt=make_attempt(run=run, state=AttemptState.FAILED),
        kind=StageKind.TRAIN,
        state=StageState.ENDED,
        ending=ending,
    )
    return submission
