"""Whoever leaves a team is written down by the database, whichever way it comes about: a sealed study keeps out the
teams that its curators were in, and leaving one frees it of nothing."""

from django.db import migrations

WRITE = """
CREATE FUNCTION leaderboard_membership_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO leaderboard_act (at, who, what, kind, "row", name, detail, request_id)
    VALUES (
        clock_timestamp(), 'the database', 'end of a membership', 'membership', OLD.id::text, '',
        jsonb_build_object('team', OLD.team_id, 'person', OLD.person_id), ''
    );
    RETURN NULL;
END $$;
CREATE TRIGGER membership_ended AFTER DELETE ON leaderboard_membership
    FOR EACH ROW EXECUTE FUNCTION leaderboard_membership_ended();
"""
UNDO = """
DROP TRIGGER membership_ended ON leaderboard_membership;
DROP FUNCTION leaderboard_membership_ended();
"""


class Migration(migrations.Migration):
    dependencies = [("leaderboard", "0004_sealed_life")]
    operations = [migrations.RunSQL(WRITE, UNDO)]
